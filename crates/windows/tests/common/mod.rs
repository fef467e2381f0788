//! Writes small registry hives to read back: keys and values in every form the reader knows.
#![allow(dead_code, reason = "each test file uses a part")]

pub mod sam;

/// How subkeys are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    Lf,
    Lh,
    Li,
    /// Parts of two, joined by an ri cell.
    Ri,
}

/// A key to write.
#[derive(Debug, Clone, Default)]
pub struct Node {
    pub name: String,
    pub values: Vec<(String, u32, Vec<u8>)>,
    pub keys: Vec<Node>,
}

impl Node {
    pub fn new(name: &str) -> Self {
        Node { name: name.to_owned(), ..Node::default() }
    }

    pub fn key(mut self, key: Node) -> Self {
        self.keys.push(key);
        self
    }

    pub fn value(mut self, name: &str, kind: u32, data: &[u8]) -> Self {
        self.values.push((name.to_owned(), kind, data.to_vec()));
        self
    }

    pub fn text(self, name: &str, text: &str) -> Self {
        self.value(name, 1, &wide(&format!("{text}\0")))
    }

    pub fn number(self, name: &str, number: u32) -> Self {
        self.value(name, 4, &number.to_le_bytes())
    }

    /// Keys inside keys for a path.
    pub fn at(path: &str, inner: Node) -> Self {
        let named = |name: &str, keys| Node { name: name.to_owned(), values: Vec::new(), keys };
        path.rsplit('\\').fold(inner, |inner, name| named(name, vec![inner]))
    }
}

pub fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The bytes of a hive with this root.
pub fn hive(root: &Node, list: List) -> Vec<u8> {
    let mut writer = Writer { bins: vec![0; 32], list };
    let root = writer.key(root);
    writer.finish(root)
}

struct Writer {
    bins: Vec<u8>,
    list: List,
}

impl Writer {
    fn cell(&mut self, content: &[u8]) -> u32 {
        let offset = u32::try_from(self.bins.len()).unwrap();
        let size = (content.len() + 4).next_multiple_of(8);
        self.bins.extend((-i32::try_from(size).unwrap()).to_le_bytes());
        self.bins.extend(content);
        self.bins.resize(offset as usize + size, 0);
        offset
    }

    fn numbers(&mut self, head: &[u8], numbers: impl IntoIterator<Item = u32>) -> u32 {
        let mut content = head.to_vec();
        content.extend(numbers.into_iter().flat_map(u32::to_le_bytes));
        self.cell(&content)
    }

    fn key(&mut self, node: &Node) -> u32 {
        let keys: Vec<u32> = node.keys.iter().map(|key| self.key(key)).collect();
        let values: Vec<u32> = node.values.iter().map(|value| self.value(value)).collect();
        let subkeys = if keys.is_empty() { u32::MAX } else { self.subkeys(&keys) };
        let list = if values.is_empty() { u32::MAX } else { self.numbers(&[], values.iter().copied()) };
        let latin = node.name.is_ascii();
        let name = if latin { node.name.clone().into_bytes() } else { wide(&node.name) };
        let mut cell = vec![0; 76];
        cell[..2].copy_from_slice(b"nk");
        cell[2] = if latin { 0x20 } else { 0 };
        put(&mut cell, 20, keys.len());
        put(&mut cell, 28, subkeys as usize);
        put(&mut cell, 36, values.len());
        put(&mut cell, 40, list as usize);
        cell[72..74].copy_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        cell.extend(name);
        self.cell(&cell)
    }

    fn subkeys(&mut self, keys: &[u32]) -> u32 {
        let head = |mark: &[u8; 2], count: usize| {
            let [low, high] = u16::try_from(count).unwrap().to_le_bytes();
            [mark[0], mark[1], low, high]
        };
        match self.list {
            List::Li => self.numbers(&head(b"li", keys.len()), keys.iter().copied()),
            List::Lf | List::Lh => {
                let mark = if self.list == List::Lf { b"lf" } else { b"lh" };
                self.numbers(&head(mark, keys.len()), keys.iter().flat_map(|key| [*key, 0x1234]))
            }
            List::Ri => {
                let parts: Vec<u32> = keys
                    .chunks(2)
                    .map(|part| self.numbers(&head(b"lh", part.len()), part.iter().flat_map(|k| [*k, 7])))
                    .collect();
                self.numbers(&head(b"ri", parts.len()), parts)
            }
        }
    }

    fn value(&mut self, (name, kind, data): &(String, u32, Vec<u8>)) -> u32 {
        let mut cell = vec![0; 20];
        cell[..2].copy_from_slice(b"vk");
        cell[2..4].copy_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        put(&mut cell, 4, data.len());
        put(&mut cell, 12, *kind as usize);
        cell[16] = 1;
        if data.len() <= 4 {
            put(&mut cell, 4, data.len() | 0x8000_0000);
            cell[8..8 + data.len()].copy_from_slice(data);
        } else {
            let place = if data.len() > 16_344 { self.big(data) } else { self.cell(data) };
            put(&mut cell, 8, place as usize);
        }
        cell.extend(name.as_bytes());
        self.cell(&cell)
    }

    fn big(&mut self, data: &[u8]) -> u32 {
        let parts: Vec<u32> = data.chunks(16_344).map(|part| self.cell(part)).collect();
        let count = u16::try_from(parts.len()).unwrap().to_le_bytes();
        let list = self.numbers(&[], parts);
        self.numbers(&[b'd', b'b', count[0], count[1]], [list])
    }

    fn finish(mut self, root: u32) -> Vec<u8> {
        // The rest of the bin is one free cell, as in every hive.
        let used = self.bins.len();
        let length = (used + 8).next_multiple_of(4096);
        self.bins.resize(length, 0);
        put(&mut self.bins, used, length - used);
        self.bins[..4].copy_from_slice(b"hbin");
        put(&mut self.bins, 8, length);
        let mut file = vec![0; 4096];
        file[..4].copy_from_slice(b"regf");
        for (at, number) in [(4, 1), (8, 1), (20, 1), (24, 5), (32, 1), (36, root as usize), (40, length)] {
            put(&mut file, at, number);
        }
        seal(&mut file);
        file.extend(self.bins);
        file
    }
}

pub fn put(bytes: &mut [u8], at: usize, number: usize) {
    bytes[at..at + 4].copy_from_slice(&u32::try_from(number).unwrap().to_le_bytes());
}

/// Writes the checksum of the first block.
pub fn seal(file: &mut [u8]) {
    let numbers = file[..508].chunks(4).map(|four| u32::from_le_bytes(four.try_into().unwrap()));
    let sum = numbers.fold(0, |sum, number| sum ^ number);
    put(file, 508, sum as usize);
}
