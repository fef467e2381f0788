//! Actions that make no sense without the vendor's cloud: each says why.

use std::sync::Arc;

use wire::cwp::{DescribeHostLoginListRequest, ExportNonlocalLoginPlacesRequest};
use wire::{Body, Code, Error};

use crate::{Caller, Service};

/// Answers DescribeHostLoginList.
///
/// # Errors
/// `UnsupportedOperation`: whether a login is abnormal is a verdict of the vendor's cloud.
pub async fn login_list(
    _service: &Arc<Service>,
    _caller: &Caller,
    _request: DescribeHostLoginListRequest,
) -> Result<Body, Error> {
    Err(abnormal_logins())
}

/// Answers ExportNonlocalLoginPlaces.
///
/// # Errors
/// As [`login_list`].
pub async fn nonlocal_logins(
    _service: &Arc<Service>,
    _caller: &Caller,
    _request: ExportNonlocalLoginPlacesRequest,
) -> Result<Body, Error> {
    Err(abnormal_logins())
}

fn abnormal_logins() -> Error {
    Error::new(Code::UnsupportedOperation).detail(
        "places, threat intelligence and verdicts on logins are not collected; DescribeAssetUserList has the last \
         login of every account",
        "不采集登录地点、威胁情报及异常判定；各账号的最近登录见 DescribeAssetUserList",
    )
}
