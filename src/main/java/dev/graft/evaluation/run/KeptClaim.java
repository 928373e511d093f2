package dev.graft.evaluation.run;

import dev.graft.evaluation.run.EvaluationLedger.Claim;
import java.time.Duration;

/**
 * Keeps a claim while a thread works under it: renews it from time to time, and interrupts the
 * thread once it is lost, be it because the evaluation was cancelled.
 */
final class KeptClaim implements AutoCloseable {
  private static final int RENEWALS = 6;

  private final EvaluationLedger ledger;
  private final Claim claim;
  private final Duration lease;
  private final Thread worker;
  private final Thread keeper;
  private volatile boolean lost;

  /**
   * @param worker the thread that calls, as it will be the one that closes this
   * @param lease how long the claim holds from when it was made or renewed
   */
  KeptClaim(EvaluationLedger ledger, Claim claim, Duration lease, Thread worker) {
    this.ledger = ledger;
    this.claim = claim;
    this.lease = lease;
    this.worker = worker;
    keeper = Thread.ofVirtual().name("evaluation-claim").start(this::keep);
  }

  /** Whether it is another's by now, or nobody's. */
  boolean lost() {
    return lost;
  }

  private void keep() {
    try {
      long held = System.nanoTime();
      while (!lost) {
        Thread.sleep(lease.dividedBy(RENEWALS));
        long asked = System.nanoTime();
        if (asked - held > lease.toNanos()) lost = true;
        else if (renewed()) held = asked;
      }
      worker.interrupt();
    } catch (InterruptedException done) {
      // closed
    }
  }

  /** False while the database does not answer: the claim holds on for a while. */
  private boolean renewed() {
    try {
      lost = !ledger.renew(claim, lease);
      return !lost;
    } catch (RuntimeException away) {
      return false;
    }
  }

  @Override
  public void close() throws InterruptedException {
    keeper.interrupt();
    keeper.join();
  }
}
