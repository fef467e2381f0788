//! The names people see on downloads. On disk a file is named by its task alone.

use jiff::civil::Date;
use model::ExportFormat;
use uuid::Uuid;

/// `asset-user-list-20220823-<uuid>.csv`: what was exported (`kind`, a constant of the caller, plain ASCII), the day
/// of acceptance in the server's zone, a fresh UUID, the format. Nothing of it comes from input, so it is safe in a
/// header.
pub fn file_name(kind: &str, day: Date, id: Uuid, format: ExportFormat) -> String {
    format!("{kind}-{}-{id}.{}", day.strftime("%Y%m%d"), format.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form() {
        let id = Uuid::from_u128(0x0123_4567_89ab_4def_8123_4567_89ab_cdef);
        let name = file_name("asset-user-list", jiff::civil::date(2022, 8, 3), id, ExportFormat::Csv);
        assert_eq!(name, "asset-user-list-20220803-01234567-89ab-4def-8123-456789abcdef.csv");
    }
}
