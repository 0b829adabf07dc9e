//! The choice of a language, in the footer of every page.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    asked,
    cookies::{Cookie, YEAR},
    error::PageError,
    posted::Sent,
};
use crate::{app::App, base::lang::Lang};

#[derive(Deserialize)]
pub(super) struct Choice {
    lang: String,
    to: String,
}

/// `POST /language`: keeps the choice in this browser, and goes back to the page.
pub(super) async fn choose(
    State(app): State<Arc<App>>,
    Sent(form): Sent<Choice>,
) -> Result<Response, PageError> {
    let lang = Lang::from_name(&form.lang).ok_or(PageError::BadForm)?;
    let to = asked::own_page(&form.to).ok_or(PageError::BadForm)?;
    let mut response = Redirect::to(to).into_response();
    let secure = app.origin.is_secure();
    Cookie::Language.set(&mut response, lang.code(), secure, Some(YEAR));
    Ok(response)
}
