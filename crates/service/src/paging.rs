//! What a page of a list may be.

use wire::{Code, Error};

/// Offset and limit, independent of each other; above the maximum is refused (a client that steps by its own limit would
/// skip rows). No limit, or 0, is the default.
///
/// # Errors
/// `InvalidParameterValue`.
pub(crate) fn page(
    offset: Option<u64>,
    limit: Option<u64>,
    default: u64,
    most: u64,
) -> Result<(usize, usize), Error> {
    let limit = limit.filter(|limit| *limit > 0).unwrap_or(default);
    if limit > most {
        let error = Error::new(Code::InvalidParameterValue).field("Limit");
        return Err(error.detail(format!("at most {most}"), format!("最大为 {most}")));
    }
    Ok((usize::try_from(offset.unwrap_or(0)).unwrap_or(usize::MAX), usize::try_from(limit).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        for (offset, limit, expected) in [
            (None, None, Ok((0, 10))),
            (Some(7), Some(0), Ok((7, 10))),
            (Some(u64::MAX), Some(100), Ok((usize::MAX, 100))),
            (None, Some(101), Err(Code::InvalidParameterValue)),
        ] {
            assert_eq!(page(offset, limit, 10, 100).map_err(|error| error.code()), expected, "{limit:?}");
        }
    }
}
