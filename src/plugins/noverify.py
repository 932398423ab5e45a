"""mock's plugin for dnf 4: what was checked is not checked again.

In force when MOCK_NOVERIFY is set. Left out are the verification after a transaction, the test
before it (the transaction itself begins with the same tests), and rpm's digests of packages whose
whole files dnf has compared with the repository's checksums in this run.

Whatever goes wrong here leaves dnf as it is: one line on standard error says it.
"""

import os
import sys

import dnf
import dnf.base
import dnf.exceptions
import dnf.package
import dnf.rpm.transaction
import hawkey
import libdnf.transaction
import rpm


class MockNoverify(dnf.Plugin):
    name = "mock-noverify"

    def __init__(self, base, cli):
        super(MockNoverify, self).__init__(base, cli)
        self.compared = set()
        if os.environ.get("MOCK_NOVERIFY"):
            guarded(self.begin)

    def begin(self):
        compared = self.compared
        verify_local = dnf.package.Package.verifyLocalPkg

        def note(package):
            same = verify_local(package)
            if same is True:
                compared.add(package.localPkg())
            return same

        dnf.package.Package.verifyLocalPkg = note
        verify = dnf.base.Base._verify_transaction

        def end(base, verify_pkg_cb=None):
            if not guarded(lambda: finish(base)):
                verify(base, verify_pkg_cb)

        dnf.base.Base._verify_transaction = end
        self.leave_test_out(dnf.rpm.transaction.TransactionWrapper)

    def leave_test_out(self, wrapper):
        base, really_test = self.base, wrapper.test

        def test(transaction, *arguments, **more):
            # Somebody may want nothing but the test (tsflags=test).
            if transaction.isTsFlagSet(rpm.RPMTRANS_FLAG_TEST):
                return really_test(transaction, *arguments, **more)
            return []

        def run(transaction, *arguments):
            problems = transaction.ts.run(*arguments)
            if problems and guarded(lambda: not_begun(base)):
                # In the words for what the test finds.
                text = "Transaction test error:\n" + "".join("  %s\n" % problem[0] for problem in problems)
                summary = base._trans_error_summary(text)
                raise dnf.exceptions.Error(text + ("\n" + summary if summary else ""))
            return problems

        wrapper.test = test
        wrapper.run = run

    def pre_transaction(self):
        if os.environ.get("MOCK_NOVERIFY"):
            guarded(self.trust)

    def trust(self):
        """Looks at the content of no package that is the repository's, byte for byte."""
        if not all(self.is_compared(package) for package in self.base.transaction.install_set):
            return
        transaction = self.base._ts
        # Signatures are dnf's to check (gpgcheck), which it has done.
        transaction.ts.setVfyLevel(0)
        transaction.addTsFlag(rpm.RPMTRANS_FLAG_NOFILEDIGEST)

    def is_compared(self, package):
        if package.reponame == hawkey.CMDLINE_REPO_NAME or package.chksum is None:
            return False
        # Downloads are compared when they arrive, those that are there already before they count.
        return not package._is_local_pkg() or package.localPkg() in self.compared


def finish(base):
    """All that dnf keeps of a transaction, without asking the database for what it just put there."""
    transaction = base.transaction
    failed = {element.N() for element in base._ts if element.Failed()}
    names = {package.name for package in base.sack.query().installed()}
    names -= {package.name for package in transaction.remove_set} - failed
    names |= {package.name for package in transaction.install_set} - failed
    for group in base.history.group:
        for package in group.getCompsGroupItem().getPackages():
            if package.getName() in names:
                package.setInstalled(True)
                package.save()
    base.history.end(base._ts.dbCookie())
    base._trans_success = True


def not_begun(base):
    """Nothing was done: dnf would note that all of it was."""
    for item in base.transaction:
        item.state = libdnf.transaction.TransactionItemState_ERROR
    base.history.end(base._ts.dbCookie())


def guarded(work):
    """Whether it was done."""
    try:
        work()
        return True
    except Exception as error:
        sys.stderr.write("mock: noverify is left out: %s: %s\n" % (type(error).__name__, error))
        return False
