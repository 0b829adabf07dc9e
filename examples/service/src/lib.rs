//! A sign-in service that speaks Countersign: accounts, pages, enrolment, challenges, verification.
