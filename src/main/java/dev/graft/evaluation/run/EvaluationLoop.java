package dev.graft.evaluation.run;

import dev.graft.evaluation.EvaluationProperties;
import dev.graft.evaluation.run.EvaluationLedger.Claim;
import dev.graft.platform.process.LoopThreads;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Claims one evaluation after the other and works at each for a slice of time. */
final class EvaluationLoop implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(EvaluationLoop.class);

  private final EvaluationLedger ledger;
  private final Evaluator evaluator;
  private final EvaluationProperties settings;
  private volatile boolean stopping;
  private boolean failing;

  private EvaluationLoop(
      EvaluationLedger ledger, Evaluator evaluator, EvaluationProperties settings) {
    this.ledger = ledger;
    this.evaluator = evaluator;
    this.settings = settings;
  }

  /**
   * As many as the settings have. What is being asked when they end is asked again by whoever
   * claims next.
   */
  static LoopThreads threads(
      EvaluationLedger ledger, Evaluator evaluator, EvaluationProperties settings) {
    List<EvaluationLoop> loops =
        Stream.generate(() -> new EvaluationLoop(ledger, evaluator, settings))
            .limit(settings.parallel())
            .toList();
    return new LoopThreads(
        loops,
        Thread.ofVirtual().name("evaluations-", 0),
        threads -> {
          loops.forEach(loop -> loop.stopping = true);
          threads.forEach(Thread::interrupt);
        });
  }

  @Override
  public void run() {
    while (!stopping) {
      try {
        Optional<Claim> claim = claim();
        if (claim.isEmpty()) Thread.sleep(settings.poll());
        else slice(claim.get());
      } catch (InterruptedException lost) {
        // the claim, or the server stops
      }
    }
  }

  private Optional<Claim> claim() {
    try {
      Optional<Claim> claim = ledger.claim(settings.lease());
      failing = false;
      return claim;
    } catch (RuntimeException away) {
      if (!failing && !stopping) log.atWarn().setCause(away).log("evaluations_unread");
      failing = true;
      return Optional.empty();
    }
  }

  private void slice(Claim claim) throws InterruptedException {
    try (KeptClaim kept = new KeptClaim(ledger, claim, settings.lease(), Thread.currentThread())) {
      try {
        evaluator.work(claim, settings.slice());
      } catch (RuntimeException | OutOfMemoryError bug) {
        if (!stopping && !kept.lost()) evaluator.broke(claim, bug);
      }
    } catch (RuntimeException away) {
      // of a database that does not answer: the claim runs out
      if (!stopping) log.atWarn().setCause(away).log("evaluation_unreported");
    }
  }
}
