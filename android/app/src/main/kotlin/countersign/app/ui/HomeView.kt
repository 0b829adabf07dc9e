package countersign.app.ui

import androidx.compose.foundation.background
import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.shape.CircleShape
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalResources
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.paneTitle
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.dp
import countersign.Account
import countersign.AccountState
import countersign.PendingRequest
import countersign.app.Action
import countersign.app.HomeScreen
import countersign.app.Look
import countersign.app.R
import countersign.app.exact
import countersign.app.moment
import countersign.app.name
import countersign.app.quoted
import countersign.app.title
import countersign.app.words
import java.time.Instant

@Composable
fun HomeView(screen: HomeScreen) {
    screen.version
    val pane = say(R.string.app_name)
    val session = screen.session
    val accounts = session.accounts
    val problem = session.problem
    Column(
        Modifier.fillMaxSize().semantics { paneTitle = pane },
        horizontalAlignment = Alignment.CenterHorizontally,
    ) {
        when {
            accounts == null && problem != null ->
                Halves(
                    read = {
                        Title(words(R.string.app_name))
                        Note(problem)
                    }
                ) {}
            accounts == null ->
                Halves(
                    read = {
                        Title(words(R.string.app_name))
                        Busy()
                    }
                ) {}
            accounts.isEmpty() -> FirstView(screen::scan, screen::paste)
            else -> Accounts(screen, accounts)
        }
    }
}

@Composable
private fun Accounts(screen: HomeScreen, accounts: List<Account>) {
    val session = screen.session
    val banners = screen.banners()
    val waiting = session.waiting
    LazyColumn(
        Modifier.widthIn(max = 640.dp).fillMaxSize(),
        contentPadding = PaddingValues(16.dp),
        verticalArrangement = Arrangement.spacedBy(12.dp),
    ) {
        item("head") { Head(screen) }
        items(banners) { BannerView(it) }
        requests(waiting, session.now) { session.show(it) }
        item("scan") { ScanCard(screen::scan) }
        item("accounts") { Section(say(R.string.home_accounts)) }
        items(accounts, { it.number.toInt() }) { AccountCard(screen, it) }
        item("add") {
            ActionButton(Action(words(R.string.home_add), Look.PLAIN, run = screen::add))
        }
        if (waiting.isEmpty()) item("quiet") { Body(words(R.string.home_quiet)) }
    }
}

private fun LazyListScope.requests(
    waiting: List<PendingRequest>,
    now: Instant,
    open: (PendingRequest) -> Unit,
) {
    if (waiting.isEmpty()) return
    item("waiting") { Section(say(R.string.home_requests)) }
    items(waiting, { it.id }) { RequestCard(it, now) { open(it) } }
}

@Composable
private fun Head(screen: HomeScreen) =
    Row(Modifier.fillMaxWidth(), Arrangement.spacedBy(12.dp), Alignment.CenterVertically) {
        Disc(Icons.Mark, MaterialTheme.colorScheme.primary, MaterialTheme.colorScheme.onPrimary)
        Text(
            say(R.string.app_name),
            Modifier.weight(1f).semantics { heading() },
            style = MaterialTheme.typography.titleLarge,
        )
        SymbolButton(Icons.History, say(R.string.home_history), run = screen::history)
    }

@Composable
private fun Section(words: String) =
    Text(
        words,
        Modifier.padding(top = 8.dp).semantics { heading() },
        style = MaterialTheme.typography.titleMedium,
        color = MaterialTheme.colorScheme.onSurfaceVariant,
    )

@Composable
private fun BannerView(banner: HomeScreen.Banner) =
    Surface(
        Modifier.fillMaxWidth(),
        MaterialTheme.shapes.large,
        MaterialTheme.colorScheme.tertiaryContainer,
        MaterialTheme.colorScheme.onTertiaryContainer,
    ) {
        Column(Modifier.padding(16.dp), Arrangement.spacedBy(8.dp)) {
            Text(banner.words.text(), style = MaterialTheme.typography.bodyLarge)
            banner.action?.let { ActionButton(it) }
        }
    }

/** What a person comes for most often, when nothing waits. */
@Composable
private fun ScanCard(scan: () -> Unit) =
    Surface(
        scan,
        Modifier.fillMaxWidth(),
        shape = MaterialTheme.shapes.large,
        color = MaterialTheme.colorScheme.primary,
        contentColor = MaterialTheme.colorScheme.onPrimary,
    ) {
        Row(Modifier.padding(20.dp), Arrangement.spacedBy(16.dp), Alignment.CenterVertically) {
            Icon(Icons.Scan, null, Modifier.size(32.dp))
            Text(say(R.string.home_scan), style = MaterialTheme.typography.titleMedium)
        }
    }

@Composable
private fun RequestCard(request: PendingRequest, now: Instant, open: () -> Unit) =
    Surface(
        open,
        Modifier.fillMaxWidth(),
        shape = MaterialTheme.shapes.large,
        color = MaterialTheme.colorScheme.primaryContainer,
        contentColor = MaterialTheme.colorScheme.onPrimaryContainer,
    ) {
        Row(Modifier.padding(18.dp), Arrangement.spacedBy(14.dp), Alignment.CenterVertically) {
            Disc(Icons.Bell, MaterialTheme.colorScheme.primary, MaterialTheme.colorScheme.onPrimary)
            Column(Modifier.weight(1f)) {
                Text(request.details.title.text(), style = MaterialTheme.typography.titleMedium)
                Text(
                    words(
                            R.string.app_at_host,
                            quoted(request.details.appName),
                            moment(request.details.issuedAt, now),
                        )
                        .text(),
                    style = MaterialTheme.typography.bodyMedium,
                )
            }
            Icon(Icons.On, null)
        }
    }

@Composable
private fun AccountCard(screen: HomeScreen, account: Account) =
    Surface(
        Modifier.fillMaxWidth(),
        shape = MaterialTheme.shapes.large,
        color = MaterialTheme.colorScheme.surfaceContainerLow,
    ) {
        val note = screen.note(account)
        val open = LocalResources.current.getString(R.string.home_open, account.name)
        Column(
            Modifier.clickable(onClickLabel = open, role = Role.Button) { screen.open(account) }
                .padding(18.dp),
            Arrangement.spacedBy(10.dp),
        ) {
            Row(Modifier.fillMaxWidth(), Arrangement.spacedBy(14.dp), Alignment.CenterVertically) {
                Letter(account.name)
                Column(Modifier.weight(1f)) {
                    Text(account.name, style = MaterialTheme.typography.titleMedium)
                    Text(
                        words(R.string.app_at_host, name(account.appName), exact(account.host))
                            .text(),
                        style = MaterialTheme.typography.bodyMedium,
                        color = MaterialTheme.colorScheme.onSurfaceVariant,
                    )
                    if (account.deviceName.isNotEmpty()) {
                        Text(
                            account.deviceName,
                            style = MaterialTheme.typography.bodyMedium,
                            color = MaterialTheme.colorScheme.onSurfaceVariant,
                        )
                    }
                }
                Icon(Icons.On, null, tint = MaterialTheme.colorScheme.onSurfaceVariant)
            }
            note?.let {
                Text(
                    it.text(),
                    style = MaterialTheme.typography.bodyMedium,
                    color = MaterialTheme.colorScheme.error,
                )
            }
            if (account.state == AccountState.UNFINISHED) {
                ActionButton(Action(words(R.string.home_finish)) { screen.finish(account) })
            }
        }
    }

@Composable
private fun Letter(name: String) {
    val colours = MaterialTheme.colorScheme
    Box(
        Modifier.size(44.dp).background(colours.secondaryContainer, CircleShape),
        Alignment.Center,
    ) {
        Text(
            name.take(1).uppercase(),
            color = colours.onSecondaryContainer,
            style = MaterialTheme.typography.titleMedium,
            maxLines = 1,
            overflow = TextOverflow.Clip,
        )
    }
}

/** No account yet: what to do, in three steps with pictures. */
@Composable
fun FirstView(scan: () -> Unit, paste: () -> Unit) =
    Halves(
        read = {
            Title(words(R.string.first_title))
            Body(words(R.string.first_lead))
            Step(Icons.Computer, say(R.string.first_step_1))
            Step(Icons.Code, say(R.string.first_step_2))
            Step(Icons.Phone, say(R.string.first_step_3))
            Body(words(R.string.first_no_computer))
        }
    ) {
        ActionButton(Action(words(R.string.first_next), run = scan))
        Gap(10)
        ActionButton(Action(words(R.string.first_link), Look.PLAIN, run = paste))
    }

@Composable
private fun Step(symbol: androidx.compose.ui.graphics.vector.ImageVector, words: String) =
    Row(
        Modifier.fillMaxWidth().semantics(mergeDescendants = true) {},
        Arrangement.spacedBy(16.dp),
        Alignment.CenterVertically,
    ) {
        Disc(
            symbol,
            MaterialTheme.colorScheme.primaryContainer,
            MaterialTheme.colorScheme.onPrimaryContainer,
        )
        Text(words, Modifier.weight(1f), style = MaterialTheme.typography.bodyLarge)
    }
