package dev.graft.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.evaluation.AnswerRows.Open;
import dev.graft.evaluation.EvaluationLedger.Claim;
import dev.graft.evaluation.Question.ChosenQuestions.Chosen;
import dev.graft.inference.GreedyCompletions.GreedyCompletion.Likelihood;
import dev.graft.pg.GraftIT;
import dev.graft.pg.RestingLoops;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkSettings;
import dev.graft.tenancy.Departments;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Who may work at what, when, as if several servers asked; the loop of this one does not. */
@GraftIT
@RestingLoops
class EvaluationLedgerIT {
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Duration DAY = Duration.ofDays(1);
  private static final WorkSettings.Backoff AT_ONCE =
      new WorkSettings.Backoff(9, Duration.ZERO, Duration.ZERO);
  private static final Question QUESTION = new Question(null, "2+2=", "4");

  @Autowired private Departments departments;
  @Autowired private EvaluationLedger ledger;
  @Autowired private AnswerRows answers;
  @Autowired private EvaluationService evaluations;
  @Autowired private LeasedWork work;
  @Autowired private LoopThreads workThreads;
  @Autowired private JdbcClient sql;

  @BeforeEach
  void noLoop() {
    workThreads.stop(); // it looks once when it starts, perhaps late
  }

  @AfterEach
  void clean() {
    sql.sql("delete from evaluation").update();
    sql.sql("delete from leased_work").update();
  }

  private String department() {
    return departments.ensure("d-" + UUID.randomUUID());
  }

  private String evaluation(String department) {
    EvaluationPlan plan =
        new EvaluationPlan(
            null,
            List.of("tuned"),
            "base",
            "file-1",
            9,
            9,
            1,
            List.of(new Grader.StringCheck("exact", Grader.StringOperation.EQ)),
            List.of());
    return evaluations.begin(department, plan);
  }

  private Optional<Claim> claim() {
    return work.claim(Evaluation.WORK, LONG, AT_ONCE, List.of()).flatMap(ledger::begin);
  }

  private static AnswerRows.GradedAnswer answer(Open open) {
    return new AnswerRows.GradedAnswer(
        open.model(),
        open.number(),
        "4",
        false,
        1,
        new Likelihood(-0.5, 2),
        List.of(1.0),
        null,
        false);
  }

  private Claim prepared() {
    Claim claim = claim().orElseThrow();
    List<Chosen> questions = List.of(new Chosen(1, QUESTION), new Chosen(7, QUESTION));
    assertThat(ledger.prepare(claim, questions, 3, List.of("fp_1", "fp_2"))).isTrue();
    return claim;
  }

  @Test
  void questionsGoToOneModelAfterTheOther() {
    String department = department();
    String id = evaluation(department);
    Claim claim = prepared();
    for (String expected : List.of("0 0", "0 1", "1 0", "1 1")) {
      Open open = answers.next(claim.id(), 2).orElseThrow();
      assertThat(open.model() + " " + open.number()).isEqualTo(expected);
      assertThat(open.question()).isEqualTo(QUESTION);
      assertThat(ledger.answered(claim, answer(open))).isTrue();
    }
    assertThat(answers.next(claim.id(), 2)).isEmpty();
    ledger.succeed(
        claim,
        EvaluationResults.of(
            EvaluationPlan.read(claim.plan()),
            List.of("a", "b"),
            answers.all(claim.id(), false),
            Map.of()));
    Evaluation ended = evaluations.require(department, id);
    assertThat(ended.status()).isEqualTo(Evaluation.Status.SUCCEEDED);
    assertThat(ended.results().at("/models/1/metrics/exact/value").asDouble()).isEqualTo(1);
    assertThat(ended.results().at("/models/1/metrics/loss/value").asDouble()).isEqualTo(0.25);
    assertThat(claim()).isEmpty();
  }

  @Test
  void whoeverLostItsClaimWritesNothing() {
    String department = department();
    String id = evaluation(department);
    Claim late = prepared();
    Open open = answers.next(late.id(), 2).orElseThrow();
    expire(id);
    Claim next = claim().orElseThrow();
    assertThat(next.fingerprints()).containsExactly("fp_1", "fp_2");

    assertThat(ledger.answered(late, answer(open))).isFalse();
    assertThat(ledger.prepare(late, List.of(), 0, List.of("x"))).isFalse();
    ledger.fail(late.work(), new Evaluation.Failure("late", "late"));
    ledger.giveBack(late);
    assertThat(ledger.await(late, Duration.ZERO, "late", Duration.ZERO)).isFalse();
    ledger.waitsFor(late.work(), "late");
    ledger.stumble(late, Duration.ZERO, "late");
    ledger.succeed(late, new EvaluationResults(0, 0, List.of(), null));
    Evaluation now = evaluations.require(department, id);
    assertThat(now.status()).isEqualTo(Evaluation.Status.RUNNING);
    assertThat(now.answered()).isZero();
    assertThat(now.waitsFor()).isNull();
    assertThat(ledger.answered(next, answer(open))).isTrue();
  }

  private void expire(String id) {
    sql.sql("update leased_work set claimed_until = graft_now() where subject = :id")
        .param("id", id)
        .update();
  }

  @Test
  void whatIsCancelledIsNobodysAnyMore() {
    String department = department();
    String id = evaluation(department);
    Claim claim = prepared();
    assertThatThrownBy(() -> evaluations.delete(department, id)).hasMessageContaining("Cancel it");
    evaluations.cancel(department, id);
    assertThatThrownBy(() -> evaluations.cancel(department, id)).hasMessageContaining("ended");
    assertThat(work.renew(claim.work(), LONG)).isFalse();
    assertThat(claim()).isEmpty();
    evaluations.delete(department, id);
    assertThat(sql.sql("select count(*) from evaluation_question").query(Integer.class).single())
        .isZero();
  }

  @Test
  void departmentsTakeTurns() {
    String many = department();
    String few = department();
    String first = evaluation(many);
    String second = evaluation(many);
    String other = evaluation(few);

    Claim claim = claim().orElseThrow();
    assertThat(claim.id()).isEqualTo(first);
    ledger.giveBack(claim);
    claim = claim().orElseThrow();
    assertThat(claim.id()).isEqualTo(other);
    ledger.giveBack(claim);
    claim = claim().orElseThrow();
    assertThat(claim.id()).as("the older of the department's").isEqualTo(first);
    ledger.await(claim, LONG, "No worker answers.", DAY);
    assertThat(evaluations.require(many, first).waitsFor()).isEqualTo("No worker answers.");
    assertThat(claim().orElseThrow().id()).isEqualTo(other);
    assertThat(claim().orElseThrow().id()).as("the first waits").isEqualTo(second);
    assertThat(claim()).isEmpty();
  }

  @Test
  void stumblesAreCountedUntilThereIsAnAnswer() {
    evaluation(department());
    Claim claim = prepared();
    ledger.stumble(claim, Duration.ZERO, "It broke.");
    claim = claim().orElseThrow();
    assertThat(claim.stumbles()).isEqualTo(1);
    ledger.answered(claim, answer(answers.next(claim.id(), 2).orElseThrow()));
    ledger.answered(claim, AnswerRows.GradedAnswer.lost(0, 1, 3, "It broke."));
    ledger.giveBack(claim);
    claim = claim().orElseThrow();
    assertThat(claim.stumbles()).isZero();
    assertThat(claim.givenUp()).isEqualTo(1);
  }

  @Test
  void onlyWaitingForAnAnswerIsWaiting() {
    evaluation(department());
    assertThat(waits()).isFalse();
    sql.sql("update evaluation set waiting_since = graft_now() - interval '25 hours'").update();
    Claim claim = claim().orElseThrow();
    assertThat(ledger.await(claim, Duration.ZERO, "No worker answers.", DAY)).isTrue();
    ledger.giveBack(claim);
    sql.sql("update leased_work set due_at = graft_now() - interval '1 hour'").update();
    assertThat(waits()).as("others had their turn meanwhile").isFalse();
  }

  private boolean waits() {
    return ledger.await(claim().orElseThrow(), Duration.ZERO, "No worker answers.", DAY);
  }

  @Test
  void aPlanThatCannotBeReadKeepsNobodyWaiting() {
    sql.sql("update evaluation set plan = '{\"graders\": 7}' where id = :id")
        .param("id", evaluation(department()))
        .update();
    String other = evaluation(department());
    assertThat(claim()).isPresent();
    assertThat(claim().orElseThrow().id()).isEqualTo(other);
  }

  @Test
  void aFileIsNeededUntilTheQuestionsAreChosen() {
    String department = department();
    String id = evaluation(department);
    assertThat(evaluations.userOf(department, "file-1")).hasValue(id);
    prepared();
    assertThat(evaluations.userOf(department, "file-1")).isEmpty();
  }
}
