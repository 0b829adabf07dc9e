use super::*;

#[tokio::test]
async fn a_sign_in_that_is_given_up_tells_the_services_of_the_session_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path()).unwrap();
    let account = AccountId([1; 8]);
    let wrote = store.write(Write::Sweep, move |tx| {
        tx.execute(
            "INSERT INTO account (acc, email, first_name, last_name, password, created_at)
             VALUES (?1, 'a@example.eu', 'A', 'B', '', 1)",
            params![account.0],
        )?;
        for (id, signed_in) in [([1_u8; 16], true), ([2; 16], false)] {
            tx.execute(
                "INSERT INTO session
                   (hash, id, account, signed_in, created_at, used_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, 1, 1, 1000)",
                params![[id[0]; 32], id, account.0, signed_in],
            )?;
            tx.execute(
                "INSERT INTO visit (account, session, client, address, name, at)
                 VALUES (?1, ?2, 'app', 'https://app.example.eu/', ?4, ?3)",
                params![account.0, id, 1_u64, format!("of {}", id[0])],
            )?;
        }
        let over = end_half_over;
        assert_eq!((over(tx, 999, 9)?, over(tx, 1000, 9)?), (0, 1));
        assert_eq!(over(tx, 1000, 9)?, 0);
        Ok(())
    });
    wrote.await.unwrap();
    let told = store.calls_due(2000).await.unwrap();
    let told: Vec<_> = told.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(
        told,
        ["of 2"],
        "a session that merely expires is not told of"
    );
    store.close();
}
