//! The one error that leaves a handler: a code and a text for the caller, and apart from both an internal context
//! for the log. What the caller sees comes from [`Error::message`], what the log sees from `Display`.

use std::borrow::Cow;

use crate::Code;

/// Language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English, also when the client names no language (the Node SDK never does).
    #[default]
    En,
    /// Simplified Chinese (the Python and Go SDKs always ask for it unless told otherwise).
    Zh,
}

impl Lang {
    /// Reads `X-TC-Language` or the form parameter `Language`; anything but `zh-CN` is English.
    pub fn from_name(name: Option<&str>) -> Self {
        match name {
            Some(name) if name.trim().eq_ignore_ascii_case("zh-CN") => Self::Zh,
            _ => Self::En,
        }
    }
}

/// Texts of a code; the `field` forms hold the placeholder `{field}`.
#[derive(Debug, Clone, Copy)]
pub struct CodeTexts {
    /// English sentence.
    pub en: &'static str,
    /// Chinese sentence.
    pub zh: &'static str,
    /// English sentence naming the parameter.
    pub en_field: Option<&'static str>,
    /// Chinese sentence naming the parameter.
    pub zh_field: Option<&'static str>,
}

/// An error answer in the making.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    code: Code,
    field: Option<Cow<'static, str>>,
    detail: Option<(Cow<'static, str>, Cow<'static, str>)>,
    context: Option<String>,
}

impl Error {
    /// An error with nothing but its code.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Inner { code, field: None, detail: None, context: None }))
    }

    /// `InternalError` with a context that only the log shows.
    pub fn internal(context: impl std::fmt::Display) -> Self {
        Self::new(Code::InternalError).context(context)
    }

    /// Names the parameter it is about, with its full path: `Filters.0.Values`.
    #[must_use]
    pub fn field(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.0.field = Some(path.into());
        self
    }

    /// Says more to the caller, in both languages: half sentences without a final stop, `("at most 100", "最大为 100")`.
    #[must_use]
    pub fn detail(mut self, en: impl Into<Cow<'static, str>>, zh: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some((en.into(), zh.into()));
        self
    }

    /// Adds what only the log may show.
    #[must_use]
    pub fn context(mut self, context: impl std::fmt::Display) -> Self {
        self.0.context = Some(context.to_string());
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The parameter it is about.
    pub fn field_path(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The internal context, for the log.
    pub fn internal_context(&self) -> Option<&str> {
        self.0.context.as_deref()
    }

    /// The sentence for the caller; never holds the internal context.
    pub fn message(&self, lang: Lang) -> String {
        let base = self.base(lang);
        let Some((en, zh)) = &self.0.detail else { return base };
        match lang {
            Lang::En => format!("{}: {en}.", base.trim_end_matches('.')),
            Lang::Zh => format!("{}：{zh}。", base.trim_end_matches('。')),
        }
    }

    /// The sentence without the detail.
    fn base(&self, lang: Lang) -> String {
        let texts = self.0.code.texts();
        let (plain, with_field) = match lang {
            Lang::En => (texts.en, texts.en_field),
            Lang::Zh => (texts.zh, texts.zh_field),
        };
        match (self.field_path(), with_field) {
            (None, _) => plain.to_owned(),
            (Some(field), Some(template)) => template.replace("{field}", field),
            (Some(field), None) => match lang {
                Lang::En => format!("{} (parameter `{field}`).", plain.trim_end_matches('.')),
                Lang::Zh => format!("{}（参数 `{field}`）。", plain.trim_end_matches('。')),
            },
        }
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

/// The internal form, for logs.
impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.code.as_str())?;
        if let Some(field) = &self.0.field {
            write!(f, " `{field}`")?;
        }
        if let Some((en, _)) = &self.0.detail {
            write!(f, ": {en}")?;
        }
        if let Some(context) = &self.0.context {
            write!(f, " [{context}]")?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Error({self})")
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_join_code_field_and_detail() {
        let error =
            Error::new(Code::InvalidParameterValue).field("Limit").detail("at most 100", "最大为 100");
        assert_eq!(error.message(Lang::En), "The value of parameter `Limit` is not acceptable: at most 100.");
        assert_eq!(error.message(Lang::Zh), "参数 `Limit` 的取值错误：最大为 100。");
    }

    #[test]
    fn codes_without_a_field_sentence_name_the_field_in_brackets() {
        let error = Error::new(Code::FailedOperationUserNotFound).field("UserId");
        assert_eq!(error.message(Lang::En), "No such user (parameter `UserId`).");
        assert_eq!(error.message(Lang::Zh), "用户不存在（参数 `UserId`）。");
    }

    #[test]
    fn the_context_is_for_the_log_only() {
        let error = Error::internal("disk full at /var/lib");
        assert_eq!(error.message(Lang::En), "An internal error occurred.");
        assert_eq!(error.to_string(), "InternalError [disk full at /var/lib]");
        assert!(!error.message(Lang::Zh).contains("disk"));
    }

    #[test]
    fn misspelt_vendor_code_is_kept_byte_for_byte() {
        let code = Code::InvalidParameterParameterIllegalMisspelt;
        assert_eq!(code.as_str(), "InvalidParameter.Parameterlllegal");
        assert_eq!(Code::parse(code.as_str()), Some(code));
    }

    #[test]
    fn every_code_has_texts_in_both_languages() {
        for &code in Code::ALL {
            let texts = code.texts();
            assert!(texts.en.ends_with('.') && texts.zh.ends_with('。'), "{}", code.as_str());
            assert_eq!(texts.en_field.is_some(), texts.zh_field.is_some(), "{}", code.as_str());
            for text in [texts.en_field, texts.zh_field].into_iter().flatten() {
                assert!(text.contains("{field}"), "{}", code.as_str());
            }
        }
    }

    #[test]
    fn language_defaults_to_english() {
        assert_eq!(Lang::from_name(None), Lang::En);
        assert_eq!(Lang::from_name(Some("zh-CN")), Lang::Zh);
        assert_eq!(Lang::from_name(Some("en-US")), Lang::En);
        assert_eq!(Lang::from_name(Some("fr")), Lang::En);
    }
}
