package dev.graft.evaluation;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.datasets.Files;
import dev.graft.evaluation.EvaluationLedger.Claim;
import dev.graft.evaluation.EvaluationLedger.Open;
import dev.graft.inference.ModelAnswers;
import dev.graft.inference.NoAnswer;
import dev.graft.platform.RequestFailed;
import dev.graft.text.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Works at an evaluation: its questions, the models' answers, its results. */
@Component
@Profile("server")
class Evaluator {
  private static final Logger log = LoggerFactory.getLogger(Evaluator.class);

  /** A question that breaks its model so often is left out. */
  private static final int TRIES = 3;

  private static final Duration AT_ONCE = Duration.ZERO;
  private static final Duration AFTER_A_BUG = Duration.ofSeconds(10);
  private static final String BUG = "An error, which the server's log tells of.";

  private final EvaluationLedger ledger;
  private final ModelAnswers models;
  private final Files files;
  private final ArtifactStore store;

  Evaluator(EvaluationLedger ledger, ModelAnswers models, Files files, ArtifactStore store) {
    this.ledger = ledger;
    this.models = models;
    this.files = files;
    this.store = store;
  }

  /**
   * Works until it has ended, must wait, or the time is over; nothing that was answered is lost.
   *
   * @param end of the time, as {@link System#nanoTime} counts
   */
  void work(Claim claim, long end) throws InterruptedException, IOException {
    try {
      if (!claim.prepared() && !prepare(claim)) return;
      boolean more = claim.prepared();
      for (int stumbles = claim.stumbles(); more && System.nanoTime() - end < 0; stumbles = 0) {
        Optional<Open> open = ledger.next(claim);
        if (open.isEmpty()) {
          Results results = Results.of(claim.plan(), claim.fingerprints(), ledger.answers(claim));
          ledger.succeed(claim, results);
          told(claim, "evaluation_succeeded");
          return;
        }
        more = ledger.answered(claim, answer(claim, open.get(), stumbles));
      }
      ledger.giveBack(claim, AT_ONCE, null, false);
    } catch (NoAnswer none) {
      waits(claim, none);
    } catch (RequestFailed refused) {
      String code = refused.type().code();
      fail(claim, code == null ? "refused" : code, refused.getMessage());
    }
  }

  /** Whether the claim still held. */
  private boolean prepare(Claim claim) throws IOException {
    Plan plan = claim.plan();
    List<String> fingerprints = new ArrayList<>();
    for (String each : plan.everyone()) {
      fingerprints.add(models.fingerprint(claim.departmentId(), each));
    }
    ChosenQuestions questions = new ChosenQuestions(plan.maxSamples(), plan.seed());
    var file = files.requireTrainable(claim.departmentId(), plan.file(), "file");
    try (InputStream in = store.open(file.digest())) {
      RowReader.read(in, questions::add);
    }
    if (questions.inOrder().isEmpty()) {
      String why =
          "No row of %s can be asked: %d are more than text by system, user and assistant, or too long."
              .formatted(plan.file(), questions.passedOver());
      fail(claim, "no_questions", why);
      return false;
    }
    return ledger.prepare(claim, questions.inOrder(), questions.passedOver(), fingerprints);
  }

  /**
   * @param stumbles how often the question has broken its model, one time after the other
   */
  private Answer answer(Claim claim, Open open, int stumbles)
      throws InterruptedException, IOException, NoAnswer {
    Plan plan = claim.plan();
    String model = plan.everyone().get(open.model());
    try {
      return Answer.of(
          open.model(),
          open.number(),
          models.ask(
              claim.departmentId(), model, open.question().example(), plan.maxCompletionTokens()),
          open.question(),
          plan);
    } catch (NoAnswer broken) {
      if (broken.busy() || stumbles + 1 < TRIES) throw broken;
      String why = "No answer in %d tries. %s".formatted(TRIES, broken.getMessage());
      return Answer.refused(open.model(), open.number(), why);
    }
  }

  private void waits(Claim claim, NoAnswer none) {
    if (none.busy() && claim.stale()) {
      fail(claim, "no_capacity", "Nobody has answered for too long. " + none.getMessage());
      return;
    }
    ledger.giveBack(claim, none.retryAfter(), none.getMessage(), !none.busy());
  }

  /** Something that should not be: it is tried again, but not for ever. */
  void broke(Claim claim, Exception bug) {
    log.atError().setCause(bug).addKeyValue("evaluation", claim.id()).log("evaluation_broke");
    if (claim.stumbles() + 1 < TRIES) ledger.giveBack(claim, AFTER_A_BUG, BUG, true);
    else fail(claim, "internal_error", BUG);
  }

  private void fail(Claim claim, String code, String message) {
    ledger.fail(claim, new Evaluation.Failure(code, message));
    told(claim, "evaluation_failed");
  }

  private static void told(Claim claim, String event) {
    log.atInfo()
        .addKeyValue("evaluation", claim.id())
        .addKeyValue("department", claim.departmentId())
        .log(event);
  }
}
