package dev.graft.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.evaluation.AnswerRows.GradedAnswer;
import dev.graft.evaluation.EvaluationResults.ModelResult;
import dev.graft.inference.GreedyCompletions.GreedyCompletion.Likelihood;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EvaluationResultsTests {
  private static final QualityGate HALF = new QualityGate("exact", 0.5, null, null, null);
  private static final QualityGate SURE = new QualityGate("loss", null, null, 0.0, null);
  private static final Grader EXACT = new Grader.StringCheck("exact", Grader.StringOperation.EQ);

  private final List<GradedAnswer> answers = new ArrayList<>();

  private static EvaluationPlan plan(QualityGate... gates) {
    return new EvaluationPlan(
        null, List.of("tuned"), "base", "file-1", 9, 9, 1, List.of(EXACT), List.of(gates));
  }

  private void answer(int model, int number, double score, double logProbability, int tokens) {
    Likelihood known = tokens == 0 ? null : new Likelihood(logProbability, tokens);
    answers.add(
        new GradedAnswer(model, number, "said", score == 0, 3, known, List.of(score), null, false));
  }

  private EvaluationResults results(EvaluationPlan plan) {
    return EvaluationResults.of(plan, List.of("fp_1", "fp_2"), answers, Map.of());
  }

  @Test
  void candidatesAreMeasuredBesideTheBaselineQuestionByQuestion() {
    for (int i = 0; i < 24; i++) {
      answer(0, i, 0, -8, 4);
      answer(1, i, i < 18 ? 1 : 0, -2, 4);
    }
    EvaluationResults found = results(plan(HALF, SURE));
    assertThat(found.compared()).isEqualTo(24);
    assertThat(found.leftOut()).isZero();
    assertThat(found.passed()).isTrue();
    ModelResult base = found.models().getFirst();
    ModelResult tuned = found.models().getLast();
    assertThat(base.baseline()).isTrue();
    assertThat(base.gates()).isEmpty();
    assertThat(base.passed()).isNull();
    assertThat(base.metrics().get("loss").value()).isEqualTo(2);
    assertThat(base.metrics().get("loss").againstBaseline()).isNull();
    assertThat(tuned.systemFingerprint()).isEqualTo("fp_2");
    assertThat(tuned.metrics().get("exact").value()).isEqualTo(0.75);
    assertThat(tuned.metrics().get("exact").againstBaseline().better()).isEqualTo(18);
    assertThat(tuned.metrics().get("loss").againstBaseline().difference())
        .isCloseTo(-1.5, within(1e-12));
    assertThat(tuned.metrics().get("loss").questions()).isEqualTo(24);
    assertThat(tuned.cut()).isEqualTo(6);
    assertThat(tuned.completionTokens()).isEqualTo(72);
    assertThat(tuned.gates())
        .extracting(EvaluationResults.GateResult::passed)
        .containsExactly(true, true);
  }

  @Test
  void aQuestionThatOneModelRefusedIsLeftOutForAll() {
    for (int i = 0; i < 4; i++) {
      answer(0, i, i == 3 ? 1 : 0, -4, 4);
      if (i == 3) answers.add(GradedAnswer.refused(1, i, "too long"));
      else answer(1, i, 0, -4, 4);
    }
    EvaluationResults found = results(plan(HALF));
    assertThat(found.compared()).isEqualTo(3);
    assertThat(found.leftOut()).isEqualTo(1);
    assertThat(found.models().getFirst().metrics().get("exact").value()).isZero();
    assertThat(found.passed()).isFalse();
  }

  @Test
  void moreThanATenthLeftOutShutsEveryGate() {
    for (int i = 0; i < 20; i++) {
      answer(0, i, 1, -4, 4);
      if (i < 2) answers.add(GradedAnswer.lost(1, i, 3, "It broke."));
      else answer(1, i, 1, -4, 4);
    }
    assertThat(results(plan(HALF)).passed()).isTrue();
    answer(0, 20, 1, -4, 4);
    answers.add(GradedAnswer.refused(1, 20, "too long"));
    EvaluationResults found = results(plan(HALF));
    assertThat(found.passed()).isFalse();
    assertThat(found.models().getLast().gates().getFirst().passed()).isFalse();
    assertThat(found.models().getLast().gates().getFirst().reason())
        .isEqualTo("3 of 21 questions are left out, which is more than a tenth");
  }

  @Test
  void aLossOfTooFewQuestionsPassesNoGate() {
    for (int i = 0; i < 30; i++) {
      answer(0, i, 1, -8, i < 25 ? 4 : 0);
      answer(1, i, 1, -4, i < 25 ? 4 : 0);
    }
    EvaluationResults found = results(plan(SURE, HALF));
    assertThat(found.models().getLast().metrics().get("loss").questions()).isEqualTo(25);
    assertThat(found.models().getLast().gates())
        .extracting(EvaluationResults.GateResult::passed)
        .containsExactly(false, true);
  }

  @Test
  void withoutLikelihoodsThereIsNoLossAndItsGateIsShut() {
    answer(0, 0, 1, 0, 0);
    answer(1, 0, 1, 0, 0);
    EvaluationResults found = results(plan(SURE));
    assertThat(found.models().getLast().metrics()).containsOnlyKeys("exact");
    assertThat(found.passed()).isFalse();
  }

  @Test
  void modelsThatDivideTextDifferentlyHaveLossesThatCannotBeCompared() {
    answer(0, 0, 1, -4, 4);
    answer(1, 0, 1, -4, 5);
    EvaluationResults found = results(plan(SURE));
    assertThat(found.models().getLast().metrics().get("loss").value()).isEqualTo(0.8);
    assertThat(found.models().getLast().metrics().get("loss").againstBaseline()).isNull();
    assertThat(found.passed()).isFalse();
  }

  @Test
  void nothingComparedIsNothingPassed() {
    answers.add(GradedAnswer.refused(0, 0, "too long"));
    answers.add(GradedAnswer.refused(1, 0, "too long"));
    EvaluationResults found = results(plan(HALF));
    assertThat(found.compared()).isZero();
    assertThat(found.models().getLast().metrics()).isEmpty();
    assertThat(found.passed()).isFalse();
    assertThat(results(plan()).passed()).isNull();
  }
}
