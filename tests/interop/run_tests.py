"""Runs the named test modules, or all; the closing line counts the tests."""

import sys
import unittest

suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:] or ["test_phone", "test_life", "test_interop", "test_interop_life", "test_interop_hostile"])
result = unittest.TextTestRunner(verbosity=2).run(suite)
failed = len(result.failures) + len(result.errors)
print(f"interop: {result.testsRun} tests, {failed} failed, {len(result.skipped)} skipped")
sys.exit(failed != 0 or result.testsRun == 0)
