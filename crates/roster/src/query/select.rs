//! Cutting a page out of rows in no order, without sorting them all.

/// Below so many keys nothing is gained by dealing them out.
const MANY: usize = 2048;
/// Heaps that keys are dealt into.
const HEAPS: u32 = 4096;

/// The rows at the positions `from` to `end` of the sorted keys of [`Sequence::key`](super::Sequence::key), whose
/// places are at most `most`.
pub(super) fn select(mut keys: Vec<u64>, mut from: usize, mut end: usize, most: u32) -> Vec<u32> {
    end = end.min(keys.len());
    if from >= end {
        return Vec::new();
    }
    if keys.len() > MANY {
        let before = narrow(&mut keys, from, end, most);
        (from, end) = (from - before, end - before);
    }
    if end < keys.len() {
        keys.select_nth_unstable(end);
        keys.truncate(end);
    }
    if from > 0 && from < keys.len() {
        keys.select_nth_unstable(from);
    }
    let page = keys.get_mut(from..).unwrap_or_default();
    page.sort_unstable();
    page.iter().map(|&key| key as u32).collect()
}

/// Deals the keys into heaps by place, counting only, and keeps the heaps that the page lies in. Says how many keys
/// lay before those.
fn narrow(keys: &mut Vec<u64>, from: usize, end: usize, most: u32) -> usize {
    let shift = 32 + (u32::BITS - most.leading_zeros()).saturating_sub(HEAPS.ilog2());
    let heap = |key: u64| ((key >> shift) as usize).min(HEAPS as usize - 1);
    let mut sizes = vec![0_usize; HEAPS as usize];
    keys.iter().for_each(|&key| sizes[heap(key)] += 1);
    let (mut before, mut seen, mut first, mut last) = (0, 0, 0, 0);
    for (heap, size) in sizes.into_iter().enumerate() {
        if seen <= from {
            (before, first) = (seen, heap);
        }
        if seen < end {
            last = heap;
        }
        seen += size;
    }
    keys.retain(|&key| (first..=last).contains(&heap(key)));
    before
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn selects_as_sorting_does(
            places in prop::collection::vec(prop_oneof![0..70_000u32, 3..5u32], 0..6000),
            from in 0..7000usize,
            count in 0..200usize,
        ) {
            let keys: Vec<u64> =
                places.iter().enumerate().map(|(row, &place)| u64::from(place) << 32 | row as u64).collect();
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            let expected: Vec<u32> = sorted.iter().skip(from).take(count).map(|&key| key as u32).collect();
            prop_assert_eq!(select(keys, from, from + count, 70_000), expected);
        }
    }
}
