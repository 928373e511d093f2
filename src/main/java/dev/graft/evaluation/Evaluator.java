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

/** Works at evaluations, a slice of time each: its questions, the models' answers, its results. */
@Component
class Evaluator implements WorkKind {
  private static final Logger log = LoggerFactory.getLogger(Evaluator.class);

  /** A question that breaks its model so often is given up. */
  private static final int TRIES = 3;

  /** So often the question after one that was given up may break it: then it is the model. */
  private static final int MORE_TRIES = 20;

  private static final Duration LATER = Duration.ofSeconds(30);
  private static final Duration AFTER_A_BUG = Duration.ofSeconds(10);
  private static final Duration LONGEST = Duration.ofMinutes(1);
  private static final String BUG = "An error, which the server's log tells of.";

  private final EvaluationLedger ledger;
  private final AnswerRows answers;
  private final EvaluationRows.StoredPlans plans;
  private final Evaluations.AskedModels models;
  private final StoredFiles files;
  private final ArtifactStore store;
  private final Evaluations.EvaluationProperties settings;

  Evaluator(
      EvaluationLedger ledger,
      AnswerRows answers,
      EvaluationRows.StoredPlans plans,
      Evaluations.AskedModels models,
      StoredFiles files,
      ArtifactStore store,
      Evaluations.EvaluationProperties settings) {
    this.ledger = ledger;
    this.answers = answers;
    this.plans = plans;
    this.models = models;
    this.files = files;
    this.store = store;
    this.settings = settings;
  }

  /** What is being asked when the server stops is asked again by whoever claims next. */
  @Override
  public WorkSettings settings() {
    return new WorkSettings(
        EvaluationRows.Evaluation.WORK,
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
   * Works until it has ended, must wait, or the time is over; nothing that was answered is lost.
   *
   * @param slice of time, from the first answer: a model may have to be loaded for it
   */
  void work(WorkClaim work, Duration slice) throws InterruptedException {
    Claim claim = ledger.begin(work).orElse(null);
    if (claim == null) return;
    try {
      EvaluationPlan plan = plans.read(claim.plan());
      if (!claim.prepared()) prepare(claim, plan);
      else if (ask(claim, plan, slice)) ledger.giveBack(claim);
    } catch (CompletionFailed none) {
      waits(claim, none.retryAfter(), none.getMessage());
    } catch (IOException away) {
      log.atWarn()
          .addKeyValue("evaluation", claim.id())
          .addKeyValue("cause", away.toString())
          .log("evaluation_waits");
      waits(claim, LATER, "The model's files, or the rows, cannot be read at the moment.");
    } catch (RequestFailed refused) {
      String code = refused.type().code();
      fail(claim, code == null ? "refused" : code, refused.getMessage());
    }
  }

  private void prepare(Claim claim, EvaluationPlan plan) throws IOException {
    List<String> fingerprints = new ArrayList<>();
    for (String each : plan.everyone()) {
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
          "No row of %s can be asked: %d are more than text by system, user and assistant, or too long."
              .formatted(plan.file(), questions.passedOver());
      fail(claim, "no_questions", why);
    } else if (ledger.prepare(claim, chosen, questions.passedOver(), fingerprints)) {
      ledger.giveBack(claim);
    }
  }

  /** Whether there is more to ask, and the claim still held. */
  private boolean ask(Claim claim, EvaluationPlan plan, Duration slice)
      throws InterruptedException, IOException, CompletionFailed {
    int stumbles = claim.stumbles();
    int givenUp = claim.givenUp();
    Map<String, Integer> labels = plan.labels() ? answers.labels(claim.id()) : Map.of();
    Long end = null;
    while (end == null || System.nanoTime() - end < 0) {
      Optional<Open> open = answers.next(claim.id(), plan.everyone().size());
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
   * Empty if there is none now. A question that breaks its model is given up; if the next one does
   * so, too, it is not the questions, and it gets more tries.
   */
  private Optional<GradedAnswer> answer(
      Claim claim,
      EvaluationPlan plan,
      Map<String, Integer> labels,
      Open open,
      int stumbles,
      int givenUp)
      throws InterruptedException, IOException, CompletionFailed {
    String model = plan.everyone().get(open.model());
    try {
      GreedyCompletion answer =
          models.ask(claim.departmentId(), plan, labels, model, open.question());
      if (answer instanceof GreedyCompletion.Given given
          && !given.fingerprint().equals(claim.fingerprints().get(open.model()))) {
        fail(claim, "model_changed", "Other files than at the beginning answer as " + model + ".");
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
      String why = "%s breaks at one question after the other. %s";
      fail(claim, "model_breaks", why.formatted(model, broken.getMessage()));
      return Optional.empty();
    }
  }

  private void end(Claim claim, EvaluationPlan plan) {
    EvaluationResults results =
        plan.labels()
            ? EvaluationResults.of(
                plan,
                claim.fingerprints(),
                answers.all(claim.id(), true),
                answers.references(claim.id()))
            : EvaluationResults.of(plan, claim.fingerprints(), answers.all(claim.id(), false));
    if (results.compared() == 0) {
      fail(claim, "nothing_compared", "There is no question that every model has answered.");
      return;
    }
    ledger.succeed(claim, results);
    told(claim.work(), "evaluation_succeeded");
  }

  private void waits(Claim claim, Duration after, String why) {
    if (ledger.await(claim, after, why, settings.patience())) {
      fail(claim, "no_capacity", "Nobody has answered for too long. " + why);
    }
  }

  @Override
  public void failed(WorkClaim claim) {
    ledger.tell(claim, BUG);
  }

  @Override
  public void gaveUp(WorkClaim claim) {
    fail(claim, "internal_error", BUG);
  }

  private void fail(Claim claim, String code, String message) {
    fail(claim.work(), code, message);
  }

  private void fail(WorkClaim claim, String code, String message) {
    ledger.fail(claim, new EvaluationRows.Evaluation.Failure(code, message));
    told(claim, "evaluation_failed");
  }

  private static void told(WorkClaim claim, String event) {
    log.atInfo().addKeyValue("evaluation", claim.subject()).log(event);
  }
}
