//! Style, scripts and pictures, built in.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

pub(super) async fn style() -> Response {
    asset(
        "text/css; charset=utf-8",
        include_str!("../../static/style.css"),
    )
}

pub(super) async fn script() -> Response {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("../../static/page.js"),
    )
}

pub(super) async fn pin_script() -> Response {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("../../static/pin.js"),
    )
}

pub(super) async fn work_script() -> Response {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("../../static/work.js"),
    )
}

pub(super) async fn qr_script() -> Response {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("../../static/vendor/qrcode.mjs"),
    )
}

pub(super) async fn icon() -> Response {
    asset("image/svg+xml", include_str!("../../static/icon.svg"))
}

fn asset(media: &'static str, body: &'static str) -> Response {
    (
        [(header::CONTENT_TYPE, HeaderValue::from_static(media))],
        body,
    )
        .into_response()
}
