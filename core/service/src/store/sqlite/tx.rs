//! The statements of a step on a SQLite connection, prepared once each.

use rusqlite::{
    Connection, ErrorCode, ToSql, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};

use crate::store::{
    StoreError,
    tx::{Each, Row, Tx, Value},
};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly(error.to_string())
            }
            Some(ErrorCode::SystemIoFailure) => Self::Disk(error.to_string()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            _ => Self::Database(error.to_string()),
        }
    }
}

impl Tx for Connection {
    fn execute(&self, sql: &'static str, values: &[Value<'_>]) -> Result<usize, StoreError> {
        Ok(self
            .prepare_cached(sql)?
            .execute(params_from_iter(values))?)
    }

    fn query(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        each: &mut Each<'_>,
    ) -> Result<(), StoreError> {
        let mut statement = self.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            if each(row)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn batch(&self, statements: &[(&'static str, &[Value<'_>])]) -> Result<(), StoreError> {
        for (sql, values) in statements {
            Tx::execute(self, sql, values)?;
        }
        Ok(())
    }
}

impl Row for rusqlite::Row<'_> {
    fn value(&self, column: &'static str) -> Result<Value<'_>, StoreError> {
        Ok(match self.get_ref(column)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Int(number),
            ValueRef::Text(text) => {
                Value::Text(str::from_utf8(text).map_err(|_| StoreError::Damaged(column))?)
            }
            ValueRef::Blob(bytes) => Value::Blob(bytes),
            ValueRef::Real(_) => return Err(StoreError::Damaged(column)),
        })
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
