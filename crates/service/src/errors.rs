//! The one place where failures of the store become codes of the wire. Each service has its own words for "the
//! database failed" and for what a refused write means.

use store::{Refusal, WriteError};
use wire::{Code, Error, Service};

/// The code for trouble inside the server, as each service spells it.
pub fn trouble(service: Service, context: impl std::fmt::Display) -> Error {
    let code = match service {
        Service::Eiam => Code::FailedOperationOperationError,
        Service::Cwp | Service::Rollcall => Code::InternalError,
    };
    Error::new(code).context(context)
}

/// Why a write did not happen, in the words of `service`. A refusal that has a code of its own in the action has to
/// be handled by the action before it comes here.
pub fn write(service: Service, error: WriteError) -> Error {
    match error {
        WriteError::Refused(refusal) => refused(service, &refusal),
        WriteError::Failed(error) if service == Service::Cwp => {
            Error::new(Code::InternalErrorMainDBFail).context(error)
        }
        WriteError::Failed(error) => trouble(service, error),
        WriteError::Stopped => Error::new(Code::ServiceUnavailable)
            .detail("the server is stopping, please try again", "服务正在停止，请稍后重试"),
    }
}

fn refused(service: Service, refusal: &Refusal) -> Error {
    let code = match refusal {
        Refusal::UserNameTaken => Code::FailedOperationUserNameAlreadyExists,
        Refusal::EmailTaken => Code::FailedOperationUserEmailAlreadyExists,
        Refusal::PhoneTaken => Code::FailedOperationUserPhoneAlreadyExists,
        Refusal::PersonNotFound => Code::FailedOperationPersonNotFound,
        Refusal::Administrator => Code::FailedOperationDeleteUserExistsAdministrator,
        Refusal::Quota { .. } if service == Service::Eiam => Code::FailedOperationLimitQuotaNotEnough,
        Refusal::Quota { .. } => Code::LimitExceeded,
        Refusal::HostNotFound
        | Refusal::TagNotFound
        | Refusal::KeyNotFound
        | Refusal::TenantNotFound
        | Refusal::TaskNotFound => Code::ResourceNotFound,
        Refusal::TokenNotFound | Refusal::AgentNotFound | Refusal::ScanNotFound => Code::ResourceNotFound,
        Refusal::TokenSpent => Code::AuthFailureTokenFailure,
        Refusal::AgentNotPending | Refusal::ScanEnded => Code::OperationDenied,
        Refusal::LastAdminKey => Code::OperationDenied,
        Refusal::TenantTaken => Code::ResourceInUse,
        _ => return trouble(service, format!("the write was refused: {refusal}")),
    };
    let error = Error::new(code);
    match refusal {
        Refusal::LastAdminKey => {
            error.detail("the last enabled admin key has to stay", "必须保留最后一个启用的管理员密钥")
        }
        Refusal::AgentNotPending => error.detail("the agent is not pending", "该 Agent 不在待审批状态"),
        Refusal::TokenSpent => error.detail(
            "the enrolment token was revoked, has expired or is used up",
            "注册令牌已撤销、过期或用尽",
        ),
        Refusal::TenantTaken => error.field("Name"),
        Refusal::Quota { what, limit } => {
            error.detail(format!("at most {limit} {what}"), format!("{what} 最多 {limit} 个"))
        }
        _ => error,
    }
}
