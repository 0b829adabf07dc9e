//! What a step sees of a database: an open transaction that runs statements, rows, and values.
//!
//! Every statement is a literal in words that SQLite and PostgreSQL both take, with placeholders
//! `?1`, `?2`. Numbers and flags are integers; identifiers, keys and sealed values are bytes.

use std::ops::ControlFlow;

use countersign_protocol::{
    challenge::{Purpose, Unlock},
    id::{AccountId, ChallengeId, DeviceId, EnrolmentId, Hash, KeyId, PublicKey},
    policy::month::Month,
    reply::ResultCode,
    update::ChangeKind,
};

use super::{
    AccountKind, CallKind, ChallengeKind, ChallengeState, DeliveryKind, DeviceState,
    EnrolmentState, KeyUse, LinkKind, Method, StoreError, TicketKind, TokenKind,
};
use crate::{
    base::{email::Email, lang::Lang},
    policy::means::Means,
};

/// An open transaction, or a connection that only reads.
pub(crate) trait Tx {
    /// Executes a statement and returns how many rows it changed.
    ///
    /// # Errors
    /// When the database refuses.
    fn execute(&self, sql: &'static str, values: &[Value<'_>]) -> Result<usize, StoreError>;

    /// Calls `each` with every row of a query, in order, until it breaks off.
    ///
    /// # Errors
    /// When the database refuses, and those of `each`.
    fn query(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        each: &mut Each<'_>,
    ) -> Result<(), StoreError>;

    /// Executes several statements in order, in one round trip where the database can.
    ///
    /// # Errors
    /// When the database refuses one of them; those after it are not executed.
    fn batch(&self, statements: &[(&'static str, &[Value<'_>])]) -> Result<(), StoreError>;
}

/// Takes the rows of a query, one by one.
pub(crate) type Each<'a> = dyn FnMut(&dyn Row) -> Result<ControlFlow<()>, StoreError> + 'a;

/// A row of a query.
pub(crate) trait Row {
    /// The value of a column.
    ///
    /// # Errors
    /// When the query has no such column, or its value is of none of [`Value`]'s types.
    fn value(&self, column: &'static str) -> Result<Value<'_>, StoreError>;
}

/// A value of a row, or one that is given to a statement. It borrows its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl dyn Tx + '_ {
    /// The first row of a query.
    pub(crate) fn one<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl Fn(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        self.query(sql, values, &mut |row| {
            found = Some(read(row)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// All rows of a query.
    pub(crate) fn all<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl Fn(&dyn Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        self.query(sql, values, &mut |row| {
            found.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }
}

impl dyn Row + '_ {
    /// The value of a column as a Rust type.
    pub(crate) fn get<T: FromValue>(&self, column: &'static str) -> Result<T, StoreError> {
        T::from_value(self.value(column)?).ok_or(StoreError::Damaged(column))
    }
}

/// The values of a statement, in the order of its placeholders.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::store::tx::ToValue::to_value(&$value)),*]
    };
}
pub(crate) use params;

/// What can be given to a statement.
pub(crate) trait ToValue {
    fn to_value(&self) -> Value<'_>;
}

/// What can be read from a column. `None`: the value has another form.
pub(crate) trait FromValue: Sized {
    fn from_value(value: Value<'_>) -> Option<Self>;
}

/// Integers. Those of the database are signed; everything stored is far below 2^63.
macro_rules! integers {
    ($($type:ty),*) => {$(
        impl ToValue for $type {
            fn to_value(&self) -> Value<'_> {
                Value::Int(i64::try_from(*self).unwrap_or(i64::MAX))
            }
        }

        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Option<Self> {
                match value {
                    Value::Int(number) => number.try_into().ok(),
                    _ => None,
                }
            }
        }
    )*};
}
integers!(i64, u64, u32, u8);

/// Types that are stored as their bytes.
macro_rules! bytes {
    ($($type:ident),*) => {$(
        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Option<Self> {
                FromValue::from_value(value).map(Self)
            }
        }
    )*};
}
bytes!(AccountId, ChallengeId, DeviceId, EnrolmentId, Hash, KeyId);

impl ToValue for bool {
    fn to_value(&self) -> Value<'_> {
        Value::Int((*self).into())
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }
}

impl ToValue for [u8] {
    fn to_value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl<const N: usize> ToValue for [u8; N] {
    fn to_value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Blob(bytes) => bytes.try_into().ok(),
            _ => None,
        }
    }
}

impl ToValue for Vec<u8> {
    fn to_value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Blob(bytes) => Some(bytes.to_vec()),
            _ => None,
        }
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, ToValue::to_value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

/// Types that are stored as text or bytes, and made of them by a function that may refuse.
macro_rules! parsed {
    ($($type:ty: $form:ident by $parse:expr,)*) => {$(
        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Option<Self> {
                match value {
                    Value::$form(stored) => $parse(stored),
                    _ => None,
                }
            }
        }
    )*};
}
parsed! {
    PublicKey: Blob by Self::from_bytes,
    Month: Blob by Self::from_bytes,
    Email: Text by |text| Self::parse(text).ok(),
    AccountKind: Text by Self::from_name,
    CallKind: Text by Self::from_name,
    ChallengeKind: Text by Self::from_name,
    ChallengeState: Text by Self::from_name,
    DeliveryKind: Text by Self::from_name,
    DeviceState: Text by Self::from_name,
    EnrolmentState: Text by Self::from_name,
    KeyUse: Text by Self::from_name,
    Lang: Text by Self::from_name,
    LinkKind: Text by Self::from_name,
    Method: Text by Self::from_name,
    Means: Text by Self::from_name,
    TicketKind: Text by Self::from_name,
    TokenKind: Text by Self::from_name,
}

/// Types that are stored by their number in the protocol.
macro_rules! numbered {
    ($($type:ty),*) => {$(
        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Option<Self> {
                u64::from_value(value).and_then(Self::from_number)
            }
        }
    )*};
}
numbered!(ChangeKind, Purpose, ResultCode, Unlock);
