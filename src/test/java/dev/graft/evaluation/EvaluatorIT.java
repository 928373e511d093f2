package dev.graft.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.evaluation.EvaluationLedger.Claim;
import dev.graft.evaluation.Question.ChosenQuestions.Chosen;
import dev.graft.inference.GreedyCompletions;
import dev.graft.inference.GreedyCompletions.CompletionFailed;
import dev.graft.inference.GreedyCompletions.GreedyCompletion;
import dev.graft.pg.GraftIT;
import dev.graft.pg.RestingLoops;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkLoops;
import dev.graft.platform.work.WorkSettings;
import dev.graft.tenancy.Departments;
import dev.graft.text.Example;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What becomes of an evaluation whose model does not answer; the loop of the context does not look.
 */
@GraftIT
@RestingLoops
@Import(EvaluatorIT.Answers.class)
class EvaluatorIT {
  private static final Duration LONG = Duration.ofMinutes(5);

  /** Says what the test wants; questions are the numbers of the rows. */
  private interface Says {
    GreedyCompletion to(String model, String question)
        throws CompletionFailed, IOException, InterruptedException;
  }

  private static final Says NAME = (model, question) -> given(model);
  private static volatile Says says = NAME;

  @Autowired private Departments departments;
  @Autowired private Evaluator evaluator;
  @Autowired private EvaluationLedger ledger;
  @Autowired private EvaluationService evaluations;
  @Autowired private LeasedWork work;
  @Autowired private LoopThreads workThreads;
  @Autowired private JdbcClient sql;
  private String department = "";
  private String id = "";

  /** Answers in place of the models; the server's own completions keep their engine. */
  @TestConfiguration
  static class Answers {
    @Bean
    @Primary
    static GreedyCompletions models() {
      return new GreedyCompletions() {
        @Override
        public String fingerprint(String departmentId, String model) {
          return "fp_" + model;
        }

        @Override
        public GreedyCompletion ask(
            String departmentId, String model, Example.Completion question, int maxTokens)
            throws CompletionFailed, IOException, InterruptedException {
          return says.to(model, ((Example.PromptCompletion) question).prompt());
        }
      };
    }
  }

  private static GreedyCompletion given(String model) {
    return new GreedyCompletion.Given("yes", false, 1, null, "fp_" + model);
  }

  private static CompletionFailed broken() {
    return new CompletionFailed("It broke.", Duration.ZERO, false);
  }

  @BeforeEach
  void anEvaluationOfThirtyQuestions() {
    workThreads.stop(); // it looks once when it starts, perhaps late
    says = NAME;
    department = departments.ensure("d-" + UUID.randomUUID());
    Grader grader = new Grader.StringCheck("exact", Grader.StringOperation.EQ);
    QualityGate gate = new QualityGate("exact", 1.0, null, null, null);
    id =
        evaluations.begin(
            department,
            new EvaluationPlan(
                null,
                List.of("tuned"),
                "base",
                "file-1",
                30,
                9,
                1,
                List.of(grader),
                List.of(gate)));
    List<Chosen> questions =
        IntStream.range(0, 30)
            .mapToObj(i -> new Chosen(i + 1, new Question(null, "" + i, "yes")))
            .toList();
    Claim claim = ledger.begin(claim()).orElseThrow();
    ledger.prepare(claim, questions, 0, List.of("fp_base", "fp_tuned"));
    ledger.giveBack(claim);
  }

  @AfterEach
  void clean() {
    sql.sql("delete from evaluation").update();
    sql.sql("delete from leased_work").update();
  }

  private WorkClaim claim() {
    return work.claim(Evaluation.WORK, LONG, evaluator.settings().retries(), List.of())
        .orElseThrow();
  }

  private Evaluation turn() throws InterruptedException {
    sql.sql("update leased_work set due_at = graft_now()").update();
    evaluator.work(claim(), LONG);
    return evaluations.require(department, id);
  }

  @Test
  void answersBecomeResults() throws Exception {
    Evaluation done = turn();
    assertThat(done.status()).isEqualTo(Evaluation.Status.SUCCEEDED);
    assertThat(done.answered()).isEqualTo(60);
    assertThat(done.results().path("passed").asBoolean()).isTrue();
    assertThat(done.results().at("/models/1/metrics").propertyNames()).containsExactly("exact");
  }

  @Test
  void aTurnEndsAndTheNextGoesOn() throws Exception {
    evaluator.work(claim(), Duration.ofNanos(1));
    assertThat(evaluations.require(department, id).answered()).isEqualTo(1);
    assertThat(turn().status()).isEqualTo(Evaluation.Status.SUCCEEDED);
  }

  @Test
  void aQuestionThatBreaksItsModelIsGivenUpAtTheThirdTry() throws Exception {
    List<String> asked = new ArrayList<>();
    says =
        (model, question) -> {
          asked.add(question);
          if (question.equals("3") && model.equals("tuned")) throw broken();
          return given(model);
        };
    assertThat(turn().waitsFor()).isEqualTo("It broke.");
    assertThat(turn().waitsFor()).isEqualTo("It broke.");
    Evaluation done = turn();
    assertThat(done.status()).isEqualTo(Evaluation.Status.SUCCEEDED);
    assertThat(done.results().path("compared").asInt()).isEqualTo(29);
    assertThat(done.results().path("left_out").asInt()).isEqualTo(1);
    assertThat(asked).hasSize(30 + 30 + 2);
    assertThat(
            sql.sql("select refusal from evaluation_answer where refusal is not null")
                .query(String.class)
                .list())
        .containsExactly("No answer in 3 attempts. It broke.");
  }

  /** It is not the questions: an outage must not become a result of the few that were answered. */
  @Test
  void afterOneThatWasGivenUpTheNextHasMoreTries() throws Exception {
    says =
        (model, question) -> {
          throw broken();
        };
    for (int i = 0; i < 3 + 18; i++) {
      Evaluation now = turn();
      assertThat(now.status()).isEqualTo(Evaluation.Status.RUNNING);
      assertThat(now.answered()).isLessThanOrEqualTo(1);
    }
    says = NAME;
    assertThat(turn().results().path("left_out").asInt()).isEqualTo(1);
  }

  @Test
  void aModelThatBreaksAtEveryQuestionHasFailed() throws Exception {
    says =
        (model, question) -> {
          throw broken();
        };
    Evaluation now = turn();
    for (int i = 0; i < 21; i++) now = turn();
    assertThat(now.error().code()).isEqualTo("model_breaks");
    assertThat(now.error().message()).contains("base fails", "It broke.");
    assertThat(now.waitsFor()).isNull();
  }

  @Test
  void whereNobodyIsThereItWaitsAndInTheEndFails() throws Exception {
    says =
        (model, question) -> {
          throw new CompletionFailed("No worker is there.", Duration.ZERO, true);
        };
    Evaluation now = turn();
    assertThat(now.waitsFor()).isEqualTo("No worker is there.");
    assertThat(now.answered()).isZero();
    sql.sql("update evaluation set waiting_since = graft_now() - interval '25 hours'").update();
    now = turn();
    assertThat(now.status()).isEqualTo(Evaluation.Status.FAILED);
    assertThat(now.error().code()).isEqualTo("no_capacity");
  }

  @Test
  void filesThatCannotBeReadAreWaitedFor() throws Exception {
    says =
        (model, question) -> {
          throw new IOException("no such disk");
        };
    Evaluation now = turn();
    assertThat(now.status()).isEqualTo(Evaluation.Status.RUNNING);
    assertThat(now.waitsFor()).contains("cannot be read").doesNotContain("disk");
  }

  @Test
  void aModelWhoseFilesChangeMeanwhileIsAnotherModel() throws Exception {
    says =
        (model, question) ->
            new GreedyCompletion.Given(
                "yes", false, 1, null, question.equals("7") ? "fp_2" : "fp_base");
    Evaluation now = turn();
    assertThat(now.error().code()).isEqualTo("model_changed");
    assertThat(now.answered()).isEqualTo(7);
  }

  @Test
  void withoutAQuestionThatAllAnswerThereIsNoResult() throws Exception {
    says =
        (model, question) ->
            model.equals("base") ? given(model) : new GreedyCompletion.Refused("too long");
    assertThat(turn().error().code()).isEqualTo("nothing_compared");
  }

  @Test
  void aBugFailsItAtTheThirdTime() {
    assertThat(evaluator.settings().retries().most()).isEqualTo(3);
    WorkClaim claim = claim();
    evaluator.failed(claim);
    assertThat(evaluations.require(department, id).waitsFor()).startsWith("An internal error");
    evaluator.gaveUp(claim);
    assertThat(evaluations.require(department, id).error().code()).isEqualTo("internal_error");
  }

  @Test
  void cancellingEndsTheAnswerThatIsBeingMade() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    says =
        (model, question) -> {
          asked.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException cancelled) {
            interrupted.countDown();
            throw cancelled;
          }
          return given(model);
        };
    LoopThreads loop = loop();
    loop.start();
    try {
      asked.await();
      evaluations.cancel(department, id);
      interrupted.await();
    } finally {
      loop.stop();
    }
    assertThat(evaluations.require(department, id).answered()).isZero();
  }

  @Test
  void theLoopWorksUntilAllIsAnswered() {
    LoopThreads loop = loop();
    loop.start();
    try {
      await()
          .until(
              () -> evaluations.require(department, id).status(),
              Evaluation.Status.SUCCEEDED::equals);
    } finally {
      loop.stop();
    }
  }

  /** As this server's, in a hurry. */
  private LoopThreads loop() {
    Duration moment = Duration.ofMillis(50);
    WorkSettings fast =
        new WorkSettings(
            Evaluation.WORK,
            false,
            1,
            1,
            moment,
            Duration.ofSeconds(1),
            evaluator.settings().retries(),
            Duration.ZERO);
    return WorkLoops.of(
        work,
        new WorkKind() {
          @Override
          public WorkSettings settings() {
            return fast;
          }

          @Override
          public void work(WorkClaim claim) throws InterruptedException {
            evaluator.work(claim, moment);
          }

          @Override
          public void gaveUp(WorkClaim claim) {
            evaluator.gaveUp(claim);
          }
        });
  }
}
