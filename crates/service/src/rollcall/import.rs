//! The rows of an import: their checks, and their problems in words.

use std::collections::HashSet;

use model::{Millis, PersonStatus};
use search::time::parse_time;
use store::{PersonImport, Refusal};
use wire::rollcall::{ImportProblem, ImportUser};
use wire::{Code, Error, Lang};

use crate::{checks, ids};

/// What is wrong with one row.
pub(super) struct Problem {
    row: usize,
    field: &'static str,
    error: Error,
}

/// Turns the people of a request into rows for the store, or says everything that is wrong with them: the first
/// problem of each row.
pub(super) fn rows(users: Vec<ImportUser>, root: &str, now: Millis) -> (Vec<PersonImport>, Vec<Problem>) {
    let (mut rows, mut problems) = (Vec::with_capacity(users.len()), Vec::new());
    let mut names = HashSet::new();
    for (row, user) in users.into_iter().enumerate() {
        let checked = if names.insert(user.user_name.clone()) {
            check(user, root, now)
        } else {
            Err((
                "UserName",
                Error::new(Code::FailedOperationUserNameAlreadyExists)
                    .detail("it stands twice here", "在本次导入中重复"),
            ))
        };
        match checked {
            Ok(import) => rows.push(import),
            Err((field, error)) => problems.push(Problem { row, field, error }),
        }
    }
    (rows, problems)
}

fn check(user: ImportUser, root: &str, now: Millis) -> Result<PersonImport, (&'static str, Error)> {
    let invalid = |field| (field, Error::new(Code::InvalidParameterAttributeValueValidError));
    let display_name = filled(user.display_name);
    let (phone, email) = (filled(user.phone), filled(user.email));
    let description = filled(user.description);
    let id = filled(user.user_id);
    let broken = [
        ("UserName", checks::user_name(&user.user_name)),
        ("UserId", id.as_ref().is_none_or(|id| checks::user_name(id))),
        (
            "DisplayName",
            display_name
                .as_ref()
                .is_none_or(|n| checks::at_most(n, checks::NAME_MAX) && checks::printable(n)),
        ),
        ("Phone", phone.as_ref().is_none_or(|p| checks::phone(p))),
        ("Email", email.as_ref().is_none_or(|e| checks::email(e))),
        ("Description", description.as_ref().is_none_or(|d| checks::description(d))),
    ];
    if let Some((field, _)) = broken.into_iter().find(|(_, fine)| !fine) {
        return Err(invalid(field));
    }
    let status = match filled(user.status) {
        Some(text) => Some(PersonStatus::parse(&text).ok_or_else(|| invalid("Status"))?),
        None => None,
    };
    Ok(PersonImport {
        user_name: user.user_name,
        id,
        new_id: ids::new(now),
        org_node: root.to_owned(),
        display_name,
        phone,
        email,
        status,
        description,
        created: instant("CreationTime", user.creation_time)?,
        updated: instant("LastUpdateTime", user.last_update_time)?,
        last_login: instant("LastLoginTime", user.last_login_time)?,
    })
}

fn instant(field: &'static str, text: Option<String>) -> Result<Option<Millis>, (&'static str, Error)> {
    let illegal = |_| (field, Error::new(Code::InvalidParameterTimeFormatIllegal));
    filled(text).map(|t| parse_time(&t).map_err(illegal)).transpose()
}

/// A text that is not empty; an empty cell of a table is no value.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|t| !t.is_empty())
}

/// A refusal of the store as a problem.
pub(super) fn refused(problem: &store::ImportProblem) -> Problem {
    let (field, code) = match problem.refusal {
        Refusal::PhoneTaken => ("Phone", Code::FailedOperationUserPhoneAlreadyExists),
        Refusal::EmailTaken => ("Email", Code::FailedOperationUserEmailAlreadyExists),
        Refusal::IdTaken | Refusal::IdDiffers => ("UserId", Code::InvalidParameterValueParameterIllegal),
        Refusal::Quota { .. } => ("", Code::LimitExceeded),
        _ => ("UserName", Code::FailedOperationUserNameAlreadyExists),
    };
    let error = Error::new(code);
    let error = match problem.refusal {
        Refusal::IdTaken => error.detail("somebody else has it", "已被其他用户使用"),
        Refusal::IdDiffers => error.detail("the person has another one", "与该用户现有的 ID 不同"),
        _ => error,
    };
    Problem { row: problem.row, field, error }
}

/// The problems by row, in the language of the caller.
pub(super) fn print(problems: &mut Vec<Problem>, lang: Lang) -> Vec<ImportProblem<'static>> {
    problems.sort_by_key(|p| p.row);
    problems
        .drain(..)
        .map(|p| ImportProblem {
            index: p.row as u64,
            field: p.field.into(),
            code: p.error.code().as_str().into(),
            message: p.error.message(lang).into(),
        })
        .collect()
}
