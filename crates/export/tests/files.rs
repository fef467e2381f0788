//! The directory of exports: whole files or none, leftovers removed, a full disk told apart.
#![allow(clippy::unwrap_used, reason = "helpers of tests: a panic there is the report")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use export::xlsx::XlsxWriter;
use export::{Cell, ExportDir, ExportError, LineWriter, RowWriter};
use model::ExportFormat::{self, Csv, Jsonl, Xlsx};

fn names(dir: &std::path::Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn write(dir: &ExportDir, id: u64, format: ExportFormat) -> export::Finished {
    let mut file = dir.create(id, format).unwrap();
    file.header(&["Name"]).unwrap();
    file.row(&[Cell::Text("root")]).unwrap();
    file.finish().unwrap()
}

#[test]
fn a_file_appears_whole_and_private() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = ExportDir::open(temporary.path().join("exports")).unwrap();
    for format in [Csv, Xlsx, Jsonl] {
        let mut file = dir.create(11, format).unwrap();
        file.header(&["Name"]).unwrap();
        assert_eq!(names(&temporary.path().join("exports")), ["11.part"]);
        file.row(&[Cell::Text("root")]).unwrap();
        let done = file.finish().unwrap();
        assert_eq!((done.rows, done.path.clone()), (1, dir.path(11, format)));
        assert_eq!(names(&temporary.path().join("exports")), [format!("11.{}", format.as_str())]);
        let metadata = dir.read(11, format).unwrap().metadata().unwrap();
        assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (done.bytes, 0o600));
        dir.discard(11).unwrap();
        assert!(names(&temporary.path().join("exports")).is_empty());
    }
    let mode = fs::metadata(temporary.path().join("exports")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn files_of_many_pieces_hold_what_was_written() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = ExportDir::open(temporary.path()).unwrap();
    // With a row that is longer than the writer's buffer, and without.
    for longest in [10, 5 << 20] {
        let mut rows: Vec<String> =
            (0..30_000_usize).map(|n| format!("{n}{}", "x".repeat(n % 251))).collect();
        rows[20_000] = "y".repeat(longest);
        let (mut file, mut expected) = (dir.create(1, Csv).unwrap(), LineWriter::csv(Vec::new()));
        file.header(&["Name"]).unwrap();
        expected.header(&["Name"]).unwrap();
        for row in &rows {
            file.row(&[Cell::Text(row)]).unwrap();
            expected.row(&[Cell::Text(row)]).unwrap();
        }
        let done = file.finish().unwrap();
        expected.finish().unwrap();
        let lines: String = rows.iter().map(|row| format!("{row}\r\n")).collect();
        assert!(fs::read(done.path).unwrap() == format!("\u{feff}Name\r\n{lines}").into_bytes());
        assert!(expected.into_inner() == format!("\u{feff}Name\r\n{lines}").into_bytes());
        dir.discard(1).unwrap();
    }
}

#[test]
fn dropped_unfinished_it_vanishes() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = ExportDir::open(temporary.path()).unwrap();
    drop(dir.create(1, Csv).unwrap());
    assert!(names(temporary.path()).is_empty());
}

#[test]
fn a_second_worker_takes_the_file_over() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = ExportDir::open(temporary.path()).unwrap();
    let mut slow = dir.create(1, Csv).unwrap();
    slow.header(&["Name"]).unwrap();
    let mut second = dir.create(1, Csv).unwrap();
    second.header(&["Name"]).unwrap();
    assert!(matches!(slow.finish(), Err(ExportError::TakenOver)));
    assert_eq!(names(temporary.path()), ["1.part"], "the slow one left the other's file alone");
    second.row(&[Cell::Int(5)]).unwrap();
    second.finish().unwrap();
    assert_eq!(fs::read(dir.path(1, Csv)).unwrap(), b"\xEF\xBB\xBFName\r\n5\r\n");
}

#[test]
fn a_planted_link_is_not_followed() {
    let temporary = tempfile::tempdir().unwrap();
    let victim = temporary.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    let dir = ExportDir::open(temporary.path().join("exports")).unwrap();
    std::os::unix::fs::symlink(&victim, temporary.path().join("exports/5.part")).unwrap();
    write(&dir, 5, Csv);
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn a_sweep_removes_what_nobody_keeps() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = ExportDir::open(temporary.path()).unwrap();
    for id in [1, 2, 3] {
        write(&dir, id, Csv);
    }
    for stray in ["4.part", "README", "x.csv", "05.csv", "6.txt", "7.csv.bak", "-8.csv", "+9.csv"] {
        fs::write(temporary.path().join(stray), "").unwrap();
    }
    assert_eq!(dir.sweep(|id| id == 2).unwrap(), 3);
    assert_eq!(
        names(temporary.path()),
        ["+9.csv", "-8.csv", "05.csv", "2.csv", "6.txt", "7.csv.bak", "README", "x.csv"]
    );
}

/// `/dev/full` answers every write as a full disk does.
#[test]
fn a_full_disk_is_told_apart() {
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let writers: [Box<dyn RowWriter>; 3] = [
        Box::new(LineWriter::csv(full())),
        Box::new(LineWriter::jsonl(full())),
        Box::new(XlsxWriter::new(full(), temporary.path()).unwrap()),
    ];
    for mut writer in writers {
        writer.header(&["Name"]).unwrap();
        let result = writer.row(&[Cell::Text("root")]).and_then(|()| writer.finish());
        assert!(matches!(result, Err(ExportError::DiskFull(_))), "{result:?}");
    }
}

#[test]
fn calls_out_of_order_are_errors() {
    let temporary = tempfile::tempdir().unwrap();
    let writers: [Box<dyn RowWriter>; 3] = [
        Box::new(LineWriter::csv(Vec::new())),
        Box::new(LineWriter::jsonl(Vec::new())),
        Box::new(XlsxWriter::new(Vec::new(), temporary.path()).unwrap()),
    ];
    for mut writer in writers {
        assert!(matches!(writer.row(&[Cell::Empty]), Err(ExportError::Header)));
        writer.header(&["A", "B"]).unwrap();
        assert!(matches!(writer.header(&["A"]), Err(ExportError::Header)));
    }
    let mut writer = LineWriter::csv(Vec::new());
    writer.header(&["A", "B"]).unwrap();
    assert!(matches!(writer.row(&[Cell::Empty]), Err(ExportError::Columns { expected: 2, got: 1 })));
}
