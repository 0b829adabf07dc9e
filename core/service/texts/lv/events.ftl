# Konta vēsture.

history_csv = Visi notikumi tabulā (CSV)
history_more = Visa vēsture
history_when = Kad
history_what = Kas notika
strength_password = parole
strength_recovery = parole, saite e-pastā un gaidīšana
strength_code = parole un kvadrātkods
strength_code-pin = parole un kods ar PIN
strength_code-biometric = parole un kods ar pirksta nospiedumu vai seju
strength_app-pin = parole un lietotnes PIN
strength_app-biometric = parole un lietotne ar pirksta nospiedumu vai seju
strength_mobile = lietotne tajā pašā tālrunī
event_account-created = Konts izveidots
event_signed-in = Pierakstīšanās: { $detail }
event_panic = STOP: visas ierīces dzēstas, visi pārlūki izrakstīti
event_recovery-began = Sākta konta atjaunošana
event_recovery-link = Atjaunošanas vēstule prasīta vēlreiz
event_recovery-cancelled = Atjaunošana atcelta
event_recovery-restored = Atjaunošana atcelta, jo pakalpojums tika atjaunots no rezerves kopijas vai tika nomainītas tā atslēgas
event_recovery-done = Konts atjaunots; visas vecās ierīces dzēstas
event_device-added = Ierīce pievienota: { $detail }
event_device-lost = Pievienotā ierīce vairs nav zināma, jo pakalpojums tika atjaunots no vecākas rezerves kopijas: pievienojiet to no jauna
event_device-removed = Ierīce noņemta: { $detail }
event_device-removed-itself = Ierīce noņemta pašā tālrunī: { $detail }
event_last-device-removed = Noņemta pēdējā ierīce: { $detail }
event_pin-changed = PIN nomainīts: { $detail }
event_pin-set-anew = Jauns PIN, apstiprināts ar citu ierīci: { $detail }
event_pin-refreshed = Tālrunis atjaunoja PIN aizsardzību; PIN ir tas pats: { $detail }
event_biometrics-on = Pirksta nospiedums vai seja ieslēgta: { $detail }
event_biometrics-off = Pirksta nospiedums vai seja izslēgta: { $detail }
event_account-disabled = Administrators atspējoja kontu
event_account-enabled = Administrators atkal iespējoja kontu
event_old-token = Pakalpojuma atslēgas tika nomainītas, un tālrunis vēl vienu reizi tika pieņemts ar iepriekšējiem datiem: { $detail }
event_device-suspended = Ierīce apturēta, jo tika pamanīta tās kopija: { $detail }
event_device-blocked = Ierīce bloķēta pēc nepareiziem PIN: { $detail }
event_few-tries-left = Atlikuši divi PIN mēģinājumi: { $detail }
event_many-wrong-pins = 30 dienās desmit vai vairāk nepareizu PIN: { $detail }
event_enrolment-void = Ierīces pievienošana pārtraukta pēc nepareiziem kodiem: { $detail }
event_declined = Pieprasījums noraidīts: { $detail }
event_reported-fraud = Par pieprasījumu ziņots kā par krāpšanu: { $detail }
event_wrong-number = Tālrunī ievadīts nepareizs skaitlis: { $detail }
event_failed-passwords = Nepareizas paroles šajā dienā: { $detail }
event_failed-codes = Nepareizi kodi šajā dienā: { $detail }
event_failed-pins = Nepareizi PIN šajā dienā: { $detail }
event_failed-tries = Vairākas reizes neizdevās pierakstīties
event_new-browser = Pierakstīšanās no jauna pārlūka
event_wrong-codes = Trīs nepareizi kodi pēc kārtas
event_password-changed = Parole nomainīta
event_password-reset = Jauna parole iestatīta ar saiti no e-pasta
event_password-by-invitation = Jauna parole iestatīta ar administratora uzaicinājumu
event_email-changed = E-pasta adrese nomainīta: { $detail }
event_email-undone = E-pasta adreses maiņa atsaukta: { $detail }
event_passwords-closed-unknown = Daudz nepareizu paroļu: jaunos pārlūkos pierakstīšanās ar paroli ir slēgta
event_passwords-closed-known = Daudz nepareizu paroļu: jūsu lietotajos pārlūkos pierakstīšanās ar paroli ir slēgta
event_passwords-closed-stop = Daudz nepareizu paroļu: STOP lapa paroles vairs nepieņem
event_passwords-closed-link = Daudz nepareizu paroļu: lapas, ko atver e-pastā sūtītas saites, paroles vairs nepieņem
event_transaction-signed = Parakstīts: { $detail }
event_transaction-signed-biometric = Parakstīts ar pirksta nospiedumu vai seju: { $detail }
event_device-renamed = Ierīce pārdēvēta: { $detail }

# Kas izraisīja notikumu.
by_browser =
    { $name ->
        [chrome] Chrome
        [firefox] Firefox
        [safari] Safari
        [edge] Edge
        [opera] Opera
        [samsung] Samsung Internet
        [program] Cits pārlūks
       *[unknown] Nezināms pārlūks
    }
by_system =
    { $system ->
        [windows] { $browser } (Windows)
        [macos] { $browser } (macOS)
        [linux] { $browser } (Linux)
        [android] { $browser } (Android)
        [ios] { $browser } (iPhone vai iPad)
        [chromeos] { $browser } (ChromeOS)
       *[unknown] { $browser }
    }
by_device = Lietotne tālrunī
by_operator = Administrators { $name }
event_session-ended = Pārlūks izrakstīts: { $detail }
event_sessions-ended = Visi pārējie pārlūki izrakstīti
event_name-changed = Vārds mainīts: { $detail }
event_language-changed = Mūsu e-pasta vēstuļu valoda mainīta: { $detail }
event_export-asked = Jūsu dati sagatavoti lejupielādei
event_deletion-asked = Pieprasīta konta dzēšana; tā notiks { $detail }
event_deletion-near = Konts drīz tiks dzēsts: { $detail }
event_deletion-cancelled = Konta dzēšana atcelta

# Vēsture pa mēnešiem.
history_who = No kurienes
history_month =
    { $month ->
        [1] { $year }. gada janvāris
        [2] { $year }. gada februāris
        [3] { $year }. gada marts
        [4] { $year }. gada aprīlis
        [5] { $year }. gada maijs
        [6] { $year }. gada jūnijs
        [7] { $year }. gada jūlijs
        [8] { $year }. gada augusts
        [9] { $year }. gada septembris
        [10] { $year }. gada oktobris
        [11] { $year }. gada novembris
       *[12] { $year }. gada decembris
    }
history_pages = Šī mēneša lapas
history_months = Mēneši
history_earlier = Iepriekšējais mēnesis
history_later = Nākamais mēnesis
history_page = { $page }. lapa no { $pages }
history_newer = Jaunāki
history_older = Vecāki
history_none = Šajā mēnesī nekas nav noticis.
