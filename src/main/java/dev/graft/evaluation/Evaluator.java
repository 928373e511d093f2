package dev.graft.evaluation;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.datasets.StoredFiles;
import dev.graft.evaluation.AnswerRows.GradedAnswer;
import dev.graft.evaluation.AnswerRows.Open;
import dev.graft.evaluation.EvaluationLedger.Claim;
import dev.graft.evaluation.Question.ChosenQuestions.Chosen;
import dev.graft.inference.GreedyCompletions.CompletionFailed;
import dev.graft.inference.GreedyCompletions.GreedyCompletion;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import dev.graft.text.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Runs evaluations, one time slice each: chooses questions, asks the models, computes results. */
@Component
class Evaluator implements WorkKind {
  private static final Logger log = LoggerFactory.getLogger(Evaluator.class);

  /** Attempts at a question that makes its model fail, before it is given up. */
  private static final int TRIES = 3;

  /** Attempts at the next question after one was given up, before the evaluation fails. */
  private static final int MORE_TRIES = 20;

  private static final Duration LATER = Duration.ofSeconds(30);
  private static final Duration AFTER_A_BUG = Duration.ofSeconds(10);
  private static final Duration LONGEST = Duration.ofMinutes(1);
  private static final String BUG = "An internal error occurred. The server's log has the cause.";

  private final EvaluationLedger ledger;
  private final AnswerRows answers;
  private final EvaluationService.AskedModels models;
  private final StoredFiles files;
  private final ArtifactStore store;
  private final EvaluationService.EvaluationProperties settings;

  Evaluator(
      EvaluationLedger ledger,
      AnswerRows answers,
      EvaluationService.AskedModels models,
      StoredFiles files,
      ArtifactStore store,
      EvaluationService.EvaluationProperties settings) {
    this.ledger = ledger;
    this.answers = answers;
    this.models = models;
    this.files = files;
    this.store = store;
    this.settings = settings;
  }

  /** If the server stops during a question, the next claimer asks it again. */
  @Override
  public WorkSettings settings() {
    return new WorkSettings(
        Evaluation.WORK,
        false,
        settings.parallel(),
        settings.parallel(),
        settings.poll(),
        settings.lease(),
        new WorkSettings.Backoff(TRIES, AFTER_A_BUG, LONGEST),
        Duration.ZERO);
  }

  @Override
  public void work(WorkClaim claim) throws InterruptedException {
    work(claim, settings.slice());
  }

  /**
   * Works until the evaluation ends or has to wait, or the slice is over. No answer is lost.
   *
   * @param slice of time, from the first answer: a model may have to be loaded for it
   */
  void work(WorkClaim work, Duration slice) throws InterruptedException {
    Claim claim = ledger.begin(work).orElse(null);
    if (claim == null) return;
    try {
      EvaluationPlan plan = EvaluationPlan.read(claim.plan());
      if (!claim.prepared()) prepare(claim, plan);
      else if (ask(claim, plan, slice)) ledger.giveBack(claim);
    } catch (CompletionFailed none) {
      waits(claim, none.retryAfter(), none.getMessage());
    } catch (IOException away) {
      log.atWarn()
          .addKeyValue("evaluation", claim.id())
          .addKeyValue("cause", away.toString())
          .log("evaluation_waits");
      waits(claim, LATER, "The model's files or the rows cannot be read at the moment.");
    } catch (RequestFailed refused) {
      String code = refused.type().code();
      fail(claim, code == null ? "refused" : code, refused.getMessage());
    }
  }

  private void prepare(Claim claim, EvaluationPlan plan) throws IOException {
    List<String> fingerprints = new ArrayList<>();
    for (String each : plan.allModels()) {
      fingerprints.add(models.fingerprint(claim.departmentId(), plan, each));
    }
    Question.ChosenQuestions questions =
        new Question.ChosenQuestions(plan.maxSamples(), plan.seed());
    var file = files.requireTrainable(claim.departmentId(), plan.file(), "file");
    try (InputStream in = store.open(file.digest())) {
      RowReader.read(in, questions::add);
    }
    List<Chosen> chosen = questions.inOrder();
    if (chosen.isEmpty()) {
      String why =
          "No row of %s can be used as a question: %d have content other than text by system, user and assistant, or are too long."
              .formatted(plan.file(), questions.passedOver());
      fail(claim, "no_questions", why);
    } else if (ledger.prepare(claim, chosen, questions.passedOver(), fingerprints)) {
      ledger.giveBack(claim);
    }
  }

  /** Returns whether questions are left and the claim still holds. */
  private boolean ask(Claim claim, EvaluationPlan plan, Duration slice)
      throws InterruptedException, IOException, CompletionFailed {
    int stumbles = claim.stumbles();
    int givenUp = claim.givenUp();
    Map<String, Integer> labels = plan.labels() ? answers.labels(claim.id()) : Map.of();
    Long end = null;
    while (end == null || System.nanoTime() - end < 0) {
      Optional<Open> open = answers.next(claim.id(), plan.allModels().size());
      if (open.isEmpty()) {
        end(claim, plan);
        return false;
      }
      Optional<GradedAnswer> answer = answer(claim, plan, labels, open.get(), stumbles, givenUp);
      if (answer.isEmpty()) return false;
      if (!ledger.answered(claim, answer.get())) return false;
      stumbles = 0;
      givenUp = answer.get().givenUp() ? givenUp + 1 : 0;
      if (end == null) end = System.nanoTime() + slice.toNanos();
    }
    return true;
  }

  /**
   * Returns nothing if there is no answer now. A question that makes its model fail is given up; if
   * the next one fails too, the cause is probably the model, and the question gets more attempts.
   */
  private Optional<GradedAnswer> answer(
      Claim claim,
      EvaluationPlan plan,
      Map<String, Integer> labels,
      Open open,
      int stumbles,
      int givenUp)
      throws InterruptedException, IOException, CompletionFailed {
    String model = plan.allModels().get(open.model());
    try {
      GreedyCompletion answer =
          models.ask(claim.departmentId(), plan, labels, model, open.question());
      if (answer instanceof GreedyCompletion.Given given
          && !given.fingerprint().equals(claim.fingerprints().get(open.model()))) {
        fail(
            claim,
            "model_changed",
            "The files of " + model + " have changed since the evaluation began.");
        return Optional.empty();
      }
      return Optional.of(
          GradedAnswer.of(open.model(), open.number(), answer, open.question(), plan));
    } catch (CompletionFailed broken) {
      if (broken.busy()) throw broken;
      if (stumbles + 1 < (givenUp == 0 ? TRIES : MORE_TRIES)) {
        ledger.stumble(claim, LATER, broken.getMessage());
        return Optional.empty();
      }
      if (givenUp == 0) {
        return Optional.of(
            GradedAnswer.lost(open.model(), open.number(), TRIES, broken.getMessage()));
      }
      String why = "%s fails at one question after another. %s";
      fail(claim, "model_breaks", why.formatted(model, broken.getMessage()));
      return Optional.empty();
    }
  }

  private void end(Claim claim, EvaluationPlan plan) {
    EvaluationResults results =
        EvaluationResults.of(
            plan,
            claim.fingerprints(),
            answers.all(claim.id(), plan.labels()),
            plan.labels() ? answers.references(claim.id()) : Map.of());
    if (results.compared() == 0) {
      fail(claim, "nothing_compared", "No question was answered by every model.");
      return;
    }
    ledger.succeed(claim, results);
    log(claim.work(), "evaluation_succeeded");
  }

  private void waits(Claim claim, Duration after, String why) {
    if (ledger.await(claim, after, why, settings.patience())) {
      fail(claim, "no_capacity", "No worker has answered for too long. " + why);
    }
  }

  @Override
  public void failed(WorkClaim claim) {
    ledger.waitsFor(claim, BUG);
  }

  @Override
  public void gaveUp(WorkClaim claim) {
    fail(claim, "internal_error", BUG);
  }

  private void fail(Claim claim, String code, String message) {
    fail(claim.work(), code, message);
  }

  private void fail(WorkClaim claim, String code, String message) {
    ledger.fail(claim, new Evaluation.Failure(code, message));
    log(claim, "evaluation_failed");
  }

  private static void log(WorkClaim claim, String event) {
    log.atInfo().addKeyValue("evaluation", claim.subject()).log(event);
  }
}
