//! How to install the agent: the vendor's two actions, answered for the agent of this server with a fresh enrolment
//! token.

use std::sync::Arc;

use jiff::civil::Date;
use model::Millis;
use wire::cwp::{
    DescribeAgentInstallCommandRequest, DescribeAgentInstallCommandResponse,
    DescribeAgentInstallationTokenRequest, DescribeAgentInstallationTokenResponse,
};
use wire::{Body, Code, Error};

use crate::rollcall::enrolment::{MadeToken, WEEK, YEAR, make_token};
use crate::{Caller, Service};

/// Makes a token and answers the commands that enrol a host with it: one that installs the agent, too, where the server
/// has packages of it, else one for when it is installed. Where the host is, and by which way it reaches the server, makes no difference here.
///
/// # Errors
/// `InvalidParameter` for an unknown network kind or tag, `InvalidParameter.InvalidFormat` for the date.
pub async fn command(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeAgentInstallCommandRequest,
) -> Result<Body, Error> {
    if !DescribeAgentInstallCommandRequest::NET_TYPE_VALUES.contains(&request.net_type.as_str()) {
        let names = DescribeAgentInstallCommandRequest::NET_TYPE_VALUES.join(", ");
        return Err(Error::new(Code::InvalidParameter).field("NetType").detail(names.clone(), names));
    }
    let tags = {
        let tenant = service.tenant(caller)?;
        let labels = tenant.labels();
        let named = |id: &u64| labels.tag(*id).map(str::to_owned);
        let names: Option<Vec<String>> = request.tag_ids.unwrap_or_default().iter().map(named).collect();
        names.ok_or_else(|| Error::new(Code::InvalidParameter).field("TagIds"))?
    };
    let seconds = seconds_until(service, request.expire_date.as_deref().unwrap_or_default())?;
    let MadeToken { text, .. } =
        make_token(service, caller, "DescribeAgentInstallCommand", "install command", None, seconds, tags)
            .await?;
    let enrol = format!("enroll --server {} --token {}", service.base_url(), &*text);
    let linux = install_command(service, &text)
        .await
        .unwrap_or_else(|| format!("rollcall-agent {enrol} && systemctl enable --now rollcall-agent"));
    Body::new(&DescribeAgentInstallCommandResponse {
        linux_command: linux.as_str().into(),
        windows_command: format!("rollcall-agent.exe {enrol}").into(),
        // Windows 2003 has no agent, and the server hands out no programs for Windows.
        windows_step_one: "".into(),
        windows_step_two: "".into(),
        windows_download_url: "".into(),
        arm_command: linux.as_str().into(),
    })
}

/// Makes a token.
///
/// # Errors
/// `InvalidParameter.InvalidFormat` for the date.
pub async fn token(
    service: &Arc<Service>,
    caller: &Caller,
    request: DescribeAgentInstallationTokenRequest,
) -> Result<Body, Error> {
    let seconds = seconds_until(service, &request.expire_date)?;
    let action = "DescribeAgentInstallationToken";
    let made = make_token(service, caller, action, "installation token", None, seconds, Vec::new()).await?;
    Body::new(&DescribeAgentInstallationTokenResponse { token: made.text.as_str().into() })
}

/// The line that installs the agent on a host and enrols it; `None` where there are no packages.
pub async fn install_command(service: &Arc<Service>, token: &str) -> Option<String> {
    let (service, token) = (Arc::clone(service), token.to_owned());
    // Packages are read and hashed. A panic there has been reported by the panic hook.
    tokio::task::spawn_blocking(move || service.install_command(&token)).await.ok().flatten()
}

/// Seconds to the end of a day, in the zone of the server; a week without one.
fn seconds_until(service: &Service, date: &str) -> Result<u64, Error> {
    if date.is_empty() {
        return Ok(WEEK);
    }
    let end = end_of(date, service.zone());
    let seconds = end.and_then(|end| u64::try_from(end.saturating_sub(service.now()) / 1000).ok());
    seconds.filter(|seconds| (1..=YEAR).contains(seconds)).ok_or_else(|| {
        Error::new(Code::InvalidParameterInvalidFormat)
            .field("ExpireDate")
            .detail("YYYY-MM-DD, within a year from now", "应为 YYYY-MM-DD，且在一年之内")
    })
}

/// The first instant after a day.
fn end_of(date: &str, zone: &jiff::tz::TimeZone) -> Option<Millis> {
    let next = date.parse::<Date>().ok()?.tomorrow().ok()?;
    Some(next.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_with_the_next() {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
        assert_eq!(end_of("1970-01-01", &zone), Some((24 - 8) * 3_600_000));
        for bad in ["", "1970-1-1", "1970-02-30", "9999-12-31", "x"] {
            assert_eq!(end_of(bad, &zone), None, "{bad}");
        }
    }
}
