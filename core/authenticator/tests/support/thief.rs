//! The thief: everything that is stored, opened with the phone's own wrapping key, and every PIN
//! tried against it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use countersign::DATABASE_FILE;
use countersign::platform::{DeviceKey, KeyStore, KeyStoreError};
use countersign::software::SoftwareKeyStore;
use countersign_protocol::id::{AccountId, DeviceId, PublicKey, Svc};
use countersign_protocol::keys::{Binding, PinKeys};
use countersign_protocol::message::SignatureBytes;
use countersign_protocol::secret::Secret32;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Signer;
use ring::{digest, hmac};
use rusqlite::Connection;
use zeroize::Zeroizing;

use super::pin;

/// Context, secret and blob of a seal.
pub type Note = (Vec<u8>, Vec<u8>, Vec<u8>);

/// The thief's notes: the real key store, with everything that it sealed and opened written down.
pub struct Notebook {
    pub keys: SoftwareKeyStore,
    pub sealed: Mutex<Vec<Note>>,
}

impl KeyStore for Notebook {
    fn has_key(&self) -> Result<bool, KeyStoreError> {
        self.keys.has_key()
    }

    fn seal(&self, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        let blob = self.keys.seal(context, secret)?;
        let note = (context.to_vec(), secret.to_vec(), blob.clone());
        self.sealed.lock().unwrap().push(note);
        Ok(blob)
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        self.keys.open(context, sealed)
    }

    fn create_key(&self, context: &[u8]) -> Result<DeviceKey, KeyStoreError> {
        self.keys.create_key(context)
    }

    fn sign(
        &self,
        context: &[u8],
        handle: &[u8],
        message: &[u8],
    ) -> Result<SignatureBytes, KeyStoreError> {
        self.keys.sign(context, handle, message)
    }

    fn delete_key(&self, handle: &[u8]) -> Result<(), KeyStoreError> {
        self.keys.delete_key(handle)
    }

    fn hardware_share(&self, context: &[u8]) -> Result<Option<Secret32>, KeyStoreError> {
        self.keys.hardware_share(context)
    }
}

/// Every file of the folder but the wrapping key.
pub fn folder_bytes(folder: &Path) -> Vec<u8> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .filter(|path| !path.ends_with("wrapping.key"))
        .flat_map(|path| fs::read(path).unwrap())
        .collect()
}

/// Every eight bytes in a row that occur, so that millions of needles are looked for in no time.
pub struct Haystack {
    all: BTreeSet<[u8; 8]>,
    /// A bit for each beginning of three bytes that occurs: most needles need no further look.
    beginnings: Vec<u8>,
    /// Pages that were taken in already.
    pages: BTreeSet<Vec<u8>>,
}

impl Haystack {
    pub fn new() -> Self {
        Self {
            all: BTreeSet::new(),
            beginnings: vec![0; 1 << 21],
            pages: BTreeSet::new(),
        }
    }

    pub fn add(&mut self, bytes: &[u8]) {
        for window in bytes.windows(8) {
            let (byte, bit) = place(window);
            self.beginnings[byte] |= bit;
            self.all.insert(window.try_into().unwrap());
        }
    }

    /// The same for a database, whose pages are mostly the same from one moment to the next.
    pub fn add_pages(&mut self, raw: &[u8]) {
        for page in raw.chunks(4096) {
            if self
                .pages
                .insert(digest::digest(&digest::SHA256, page).as_ref().to_vec())
            {
                self.add(page);
            }
        }
    }

    /// Whether these eight bytes occur.
    pub fn contains(&self, part: &[u8]) -> bool {
        let (byte, bit) = place(part);
        self.beginnings[byte] & bit != 0 && self.all.contains(&<[u8; 8]>::try_from(part).unwrap())
    }
}

fn place(window: &[u8]) -> (usize, u8) {
    let beginning =
        usize::from(window[0]) << 16 | usize::from(window[1]) << 8 | usize::from(window[2]);
    (beginning >> 3, 1 << (beginning & 7))
}

pub fn windows(bytes: &[u8]) -> Haystack {
    let mut haystack = Haystack::new();
    haystack.add(bytes);
    haystack
}

pub fn found(haystack: &Haystack, needle: &[u8]) -> bool {
    needle.chunks_exact(8).any(|part| haystack.contains(part))
}

/// What a thief has of one moment: every file, and what the wrapping key opens of them.
pub struct Loot {
    /// The files.
    pub raw: Vec<u8>,
    wrapping: Vec<u8>,
    /// Account, field name and secret of everything that is sealed.
    pub opened: Vec<(AccountId, String, Vec<u8>)>,
    /// Every D, with what it is bound to.
    pub ds: Vec<(Binding, Secret32)>,
    /// The hashes of changes, which are all that is stored of a message that a PIN entered.
    hashes: Vec<Vec<u8>>,
}

/// Copies the folder, as a thief would, and opens everything in it.
pub fn steal(folder: &Path) -> Loot {
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let keys = SoftwareKeyStore::open(copy.path()).unwrap();
    let database = Connection::open(copy.path().join(DATABASE_FILE)).unwrap();
    let mut loot = Loot {
        raw: folder_bytes(copy.path()),
        wrapping: fs::read(copy.path().join("wrapping.key")).unwrap(),
        opened: Vec::new(),
        ds: Vec::new(),
        hashes: Vec::new(),
    };
    let sealed = "SELECT svc, acc, dev, field, sealed.epoch, blob FROM sealed JOIN account ON account.number = sealed.account";
    each(&database, sealed, |row| {
        let owner = owner(row);
        let (field, epoch): (String, u32) = (row.get(3).unwrap(), row.get(4).unwrap());
        let context = context(&owner, &field, epoch);
        let secret = keys
            .open(&context, &row.get::<_, Vec<u8>>(5).unwrap())
            .unwrap();
        if field == "D" {
            let binding = Binding {
                svc: Svc(owner.0),
                acc: AccountId(owner.1),
                dev: DeviceId(owner.2),
                epoch,
            };
            loot.ds
                .push((binding, Secret32::from_slice(&secret).unwrap()));
        }
        loot.opened
            .push((AccountId(owner.1), field, secret.to_vec()));
    });
    // K_dev, old and new; K_bio and B.
    let device = "SELECT svc, acc, dev, device_key_epoch, device_key FROM account
        UNION ALL SELECT svc, acc, dev, pending_change.epoch, pending_change.device_key
            FROM pending_change JOIN account ON account = number WHERE pending_change.device_key IS NOT NULL";
    each(&database, device, |row| {
        let owner = owner(row);
        let context = context(&owner, "K_dev", row.get(3).unwrap());
        let context = [b"K_dev", &context[..]].concat();
        let key = keys
            .open(&context, &row.get::<_, Vec<u8>>(4).unwrap())
            .unwrap();
        loot.opened
            .push((AccountId(owner.1), "K_dev".into(), key.to_vec()));
    });
    let biometrics = "SELECT svc, acc, dev, key, share FROM biometrics JOIN account ON account = number WHERE length(key) > 0";
    each(&database, biometrics, |row| {
        for (at, field, prefix) in [(3, "K_bio", &b"K_devbiometric"[..]), (4, "B", b"biometric")] {
            let owner = owner(row);
            let context = [prefix, &context(&owner, field, 0)].concat();
            let secret = keys
                .open(&context, &row.get::<_, Vec<u8>>(at).unwrap())
                .unwrap();
            loot.opened
                .push((AccountId(owner.1), field.into(), secret.to_vec()));
        }
    });
    each(&database, "SELECT hash FROM pending_change", |row| {
        loot.hashes.push(row.get(0).unwrap());
    });
    loot
}

fn each(database: &Connection, sql: &str, mut look: impl FnMut(&rusqlite::Row<'_>)) {
    let mut statement = database.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        look(row);
    }
}

type Owner = ([u8; 8], [u8; 8], [u8; 8]);

fn owner(row: &rusqlite::Row<'_>) -> Owner {
    (
        row.get(0).unwrap(),
        row.get(1).unwrap(),
        row.get(2).unwrap(),
    )
}

fn context((svc, acc, dev): &Owner, field: &str, epoch: u32) -> Vec<u8> {
    [&svc[..], acc, dev, field.as_bytes(), &epoch.to_be_bytes()].concat()
}

/// Tries every PIN of an account against everything that was stolen at all of these moments
/// together: nothing that a PIN gives is there, nor its hash, nor a MAC of it under anything that
/// is stored; nor, of the PINs that were `typed`, a signature over the hash of a message. Tells how
/// many different D there were.
pub fn try_every_pin(loots: &[Loot], acc: AccountId, typed: &[&str]) -> usize {
    let mut haystack = Haystack::new();
    let (mut keys, mut ds, mut hashes) = (
        BTreeSet::new(),
        Vec::<(Binding, &Secret32)>::new(),
        BTreeSet::new(),
    );
    for loot in loots {
        haystack.add_pages(&loot.raw);
        for (of, _, secret) in &loot.opened {
            if *of == acc && keys.insert(secret.clone()) {
                haystack.add(secret);
            }
        }
        keys.insert(loot.wrapping.clone());
        hashes.extend(loot.hashes.iter().cloned());
        for (binding, d) in &loot.ds {
            if binding.acc == acc && !ds.iter().any(|(_, known)| known.matches(d.expose())) {
                ds.push((*binding, d));
            }
        }
    }
    let keys: Vec<hmac::Key> = keys
        .iter()
        .map(|key| hmac::Key::new(hmac::HMAC_SHA256, key))
        .collect();
    std::thread::scope(|scope| {
        for from in [0, 5_000] {
            let (haystack, keys, ds) = (&haystack, &keys, &ds);
            scope.spawn(move || {
                for number in from..from + 5_000 {
                    for (binding, d) in ds {
                        try_pin(haystack, keys, binding, d, &format!("{number:04}"));
                    }
                }
            });
        }
    });
    for (binding, d) in &ds {
        assert!(
            found(&haystack, d.expose()),
            "the search finds what is there"
        );
        for typed in typed {
            let derived = PinKeys::derive(binding, d, None, &pin(typed));
            for hash in &hashes {
                let signature: Signature = derived.signing_key().sign(hash);
                assert!(!found(&haystack, &signature.to_bytes()), "{typed}");
            }
        }
    }
    ds.len()
}

fn try_pin(haystack: &Haystack, keys: &[hmac::Key], binding: &Binding, d: &Secret32, typed: &str) {
    let guess = pin(typed);
    let derived = PinKeys::derive(binding, d, None, &guess);
    let public = PublicKey::of(derived.signing_key());
    let (x, sk) = (&public.as_bytes()[1..33], derived.signing_key().to_bytes());
    let p = derived.code.expose();
    // Of the same form, whichever PIN it is.
    assert_eq!((public.as_bytes().len(), sk.len(), p.len()), (65, 32, 32));
    for material in [&public.as_bytes()[..], x, &sk, p, guess.as_bytes()] {
        if material.len() > 4 {
            assert!(!found(haystack, material), "{typed}");
        }
        let hash = digest::digest(&digest::SHA256, material);
        assert!(!found(haystack, hash.as_ref()), "{typed}");
        for key in keys {
            assert!(
                !found(haystack, hmac::sign(key, material).as_ref()),
                "{typed}"
            );
        }
    }
}
