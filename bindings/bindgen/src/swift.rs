//! What the generated Swift lacks, written into it: calls that end when their task is cancelled,
//! errors whose cases are named as Swift names cases, and documentation that says what is thrown
//! where Swift's readers look for it.
//!
//! It knows the text that this version of uniffi writes. Where that is not found, nothing is
//! written.

use std::fmt;

/// The generated code is not as it is known here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unknown(&'static str);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the generated Swift is not as it was (looking for {:?}): see bindings/bindgen/src/swift.rs",
            self.0
        )
    }
}

impl std::error::Error for Unknown {}

const CALL: &str = "await uniffiRustCallAsync(";
/// A call that is cancelled and can't throw would end the app.
const CALL_THAT_CANNOT_THROW: &str = "try! await uniffiRustCallAsync(";
const FREE: &str = "_rust_future_free_";

const NOT_CANCELLED: &str = r#"fatalError("Cancellation not supported yet")"#;
const CANCELLED: &str = "throw CancellationError()";

const PARAMETER: &str = "    freeFunc: (UInt64) -> (),\n";
const PARAMETERS: &str =
    "    freeFunc: (UInt64) -> (),\n    cancelFunc: @escaping (UInt64) -> (),\n";

const FREED: &str = "    defer {
        freeFunc(rustFuture)
    }
";
const FREED_ONCE: &str =
    "    let uniffiFuture = UniffiCancellableFuture(handle: rustFuture, cancelFunc: cancelFunc)
    defer {
        uniffiFuture.end()
        freeFunc(rustFuture)
    }
";

const WAIT: &str = "        pollResult = await withUnsafeContinuation {
            pollFunc(
                rustFuture,
                { handle, pollResult in
                    uniffiFutureContinuationCallback(handle: handle, pollResult: pollResult)
                },
                uniffiContinuationHandleMap.insert(obj: $0)
            )
        }
";
const WAIT_CANCELLABLY: &str = "        pollResult = await withTaskCancellationHandler {
            await withUnsafeContinuation {
                pollFunc(
                    rustFuture,
                    { handle, pollResult in
                        uniffiFutureContinuationCallback(handle: handle, pollResult: pollResult)
                    },
                    uniffiContinuationHandleMap.insert(obj: $0)
                )
            }
        } onCancel: {
            uniffiFuture.cancel()
        }
";

const CALLBACK: &str =
    "// Callback handlers for an async calls.  These are invoked by Rust when the future is ready.";
const FUTURE: &str = "// A call under way. It is cancelled from any thread, and not any more once it is about to be freed.
fileprivate final class UniffiCancellableFuture: @unchecked Sendable {
    private let handle: UInt64
    private let cancelFunc: (UInt64) -> ()
    private let lock = NSLock()
    private var ended = false

    init(handle: UInt64, cancelFunc: @escaping (UInt64) -> ()) {
        self.handle = handle
        self.cancelFunc = cancelFunc
    }

    func cancel() {
        lock.lock()
        defer { lock.unlock() }
        if !ended {
            cancelFunc(handle)
        }
    }

    func end() {
        lock.lock()
        defer { lock.unlock() }
        ended = true
    }
}

";

/// The generated code with what it lacks.
pub(crate) fn completed(code: &str) -> Result<String, Unknown> {
    let code = cancellable(code)?;
    Ok(said_to_throw(&with_lower_cases(&code)))
}

fn cancellable(code: &str) -> Result<String, Unknown> {
    if code.contains(CALL_THAT_CANNOT_THROW) {
        return Err(Unknown("calls that all throw"));
    }
    let mut code = code.to_owned();
    for (old, new) in [
        (NOT_CANCELLED, CANCELLED),
        (PARAMETER, PARAMETERS),
        (FREED, FREED_ONCE),
        (WAIT, WAIT_CANCELLABLY),
        (CALLBACK, &format!("{FUTURE}{CALLBACK}")),
    ] {
        if code.matches(old).count() != 1 {
            return Err(Unknown(old));
        }
        code = code.replace(old, new);
    }
    let (calls, mut found) = (code.matches(CALL).count(), 0);
    let mut whole = String::with_capacity(code.len());
    for line in code.lines() {
        whole.push_str(line);
        whole.push('\n');
        if line.trim_start().starts_with("freeFunc: ") && line.contains(FREE) {
            found += 1;
            let cancel = line.replace(FREE, "_rust_future_cancel_");
            whole.push_str(&cancel.replace("freeFunc: ", "cancelFunc: "));
            whole.push('\n');
        }
    }
    if found != calls {
        return Err(Unknown("freeFunc: of each call"));
    }
    Ok(whole)
}

/// `case WrongPin` of an error becomes `case wrongPin`, as the other lists have it already.
fn with_lower_cases(code: &str) -> String {
    let errors: Vec<&str> = code.lines().filter_map(error_name).collect();
    let mut inside = false;
    let mut whole = String::with_capacity(code.len());
    for line in code.lines() {
        let converted = line
            .strip_prefix("public struct FfiConverterType")
            .and_then(|rest| rest.split(':').next())
            .is_some_and(|name| errors.contains(&name));
        inside = (inside || converted || error_name(line).is_some()) && line != "}";
        if inside {
            whole.push_str(&lowered(line));
        } else {
            whole.push_str(line);
        }
        whole.push('\n');
    }
    whole
}

/// The line with the first letter of the case that it names made small.
fn lowered(line: &str) -> String {
    let mut line = line.to_owned();
    for before in ["return .", "case let .", "case .", "case "] {
        if let Some(at) = line.find(before).map(|at| at + before.len())
            && let Some(first) = line.get_mut(at..=at)
        {
            first.make_ascii_lowercase();
            break;
        }
    }
    line
}

fn error_name(line: &str) -> Option<&str> {
    // `public` is on the line before.
    let (name, rest) = line.strip_prefix("enum ")?.split_once(':')?;
    rest.starts_with(" Swift.Error").then_some(name)
}

/// Rust's heading `# Errors` becomes what Swift's documentation calls it.
fn said_to_throw(code: &str) -> String {
    let mut whole = String::with_capacity(code.len());
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "* # Errors" {
            whole.push_str(line);
        } else if let Some(next) = lines.next() {
            whole.push_str(&next.replacen("* ", "* - Throws: ", 1));
        }
        whole.push('\n');
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_of_errors_begin_small_and_others_stay() {
        let code = "public \nenum AnError: Swift.Error, Equatable {\n    case WrongPin(left: Int32)\n    case Blocked\n}\npublic enum Other {\n    case one\n}\n\
                    public struct FfiConverterTypeAnError: F {\n        case 1: return .WrongPin(\n        case let .WrongPin(left):\n        case .Blocked:\n        case 1: return .Blocked\n}\n\
                    public struct FfiConverterTypeOther: F {\n        case 1: return .One\n}\n";
        let lower = with_lower_cases(code);
        for line in [
            "    case wrongPin(left: Int32)",
            "    case blocked",
            "        case 1: return .wrongPin(",
            "        case let .wrongPin(left):",
            "        case .blocked:",
            "        case 1: return .blocked",
            "        case 1: return .One",
        ] {
            assert!(
                lower.lines().any(|found| found == line),
                "{line} in\n{lower}"
            );
        }
    }

    #[test]
    fn what_is_thrown_is_said_in_swifts_way() {
        let code = "    /**\n     * Asks.\n     *\n     * # Errors\n     * If not,\n     * or so.\n     */\n";
        let said =
            "    /**\n     * Asks.\n     *\n     * - Throws: If not,\n     * or so.\n     */\n";
        assert_eq!(said_to_throw(code), said);
    }

    #[test]
    fn code_of_another_version_is_not_written() {
        assert_eq!(
            cancellable("public func x() {}\n"),
            Err(Unknown(NOT_CANCELLED))
        );
    }
}
