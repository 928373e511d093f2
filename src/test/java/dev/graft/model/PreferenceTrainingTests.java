package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.model.MicroBatch.PairBatch;
import dev.graft.model.MicroBatch.PairLogps;
import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.model.PendingLoss.TokenLoss;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.Precision;
import dev.graft.spec.Preference;
import dev.graft.spec.Preference.Dpo;
import dev.graft.spec.Preference.LossType;
import dev.graft.spec.Preference.Orpo;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** Pairs with the real kernels: what they are measured from, and what their loss is a mean of. */
@Concurrent
class PreferenceTrainingTests {
  private static final Path BASE = Path.of("src/test/resources/parity/models/llama");
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 1);
  private static final Preference DPO = new Dpo(LossType.SIGMOID, 0.5, 0);
  private static final String LORA = "{'peft_type':'LORA','target_modules':'all-linear'}";
  private static final int PROMPT = 3;

  private static TrainableModel load(AdapterMethod method, Preference preference) {
    return load(BASE, method, preference);
  }

  private static TrainableModel load(Path model, AdapterMethod method, Preference preference) {
    try (ModelDirectory base = ModelDirectory.open(model)) {
      return TrainableModel.load(
          base,
          new TrainingSetup(
              method,
              ADAMW,
              Execution.cpu(Precision.F32, ComputePlan.KEEP),
              42,
              null,
              Regularisation.NONE,
              preference,
              false));
    }
  }

  private static AdapterMethod peft(String json) {
    return AdapterMethods.fromSaved(new JsonMapper().readTree(json.replace('\'', '"')));
  }

  /** Completions of different lengths after one prompt a pair. */
  private static PairBatch pairs(int count) {
    SplittableRandom random = new SplittableRandom(7);
    int[][] chosen = new int[count][];
    int[][] rejected = new int[count][];
    for (int i = 0; i < count; i++) {
      int[] prompt = random.ints(PROMPT, 3, 97).toArray();
      chosen[i] = row(prompt, random.ints(2 + i, 3, 97).toArray());
      rejected[i] = row(prompt, random.ints(5 - i, 3, 97).toArray());
    }
    return new PairBatch(side(chosen), side(rejected));
  }

  private static int[] row(int[] prompt, int[] completion) {
    return IntStream.concat(Arrays.stream(prompt), Arrays.stream(completion)).toArray();
  }

  private static TokenBatch side(int[]... ids) {
    int[][] labels = Arrays.stream(ids).map(int[]::clone).toArray(int[][]::new);
    for (int[] row : labels) Arrays.fill(row, 0, PROMPT, TokenBatch.IGNORE);
    return new TokenBatch(ids, labels);
  }

  private static PairBatch only(PairBatch all, int pair) {
    return new PairBatch(
        side(all.chosen().inputIds()[pair]), side(all.rejected().inputIds()[pair]));
  }

  private static PairLogps logpsOfBase() {
    try (TrainableModel model = load(new AdapterMethod.Full(), DPO)) {
      return model.reference(pairs(3));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        LORA,
        "{'peft_type':'LORA','target_modules':'all-linear','init_lora_weights':false}",
        "{'peft_type':'LORA','target_modules':['q_proj'],'modules_to_save':['lm_head']}",
        "{'peft_type':'PROMPT_TUNING','num_virtual_tokens':4}",
        "{'peft_type':'PREFIX_TUNING','num_virtual_tokens':4}",
        "{'peft_type':'BOTTLENECK','variant':'houlsby','reduction_factor':2}"
      })
  void theReferenceIsTheBaseHoweverTheAdapterBeginsAndTrains(String method) {
    PairLogps base = logpsOfBase();
    try (TrainableModel model = load(peft(method), DPO)) {
      PairBatch pairs = pairs(3);
      PairLogps before = model.reference(pairs);
      assertThat(before.chosen()).containsExactly(base.chosen(), within(1e-4));
      assertThat(before.rejected()).containsExactly(base.rejected(), within(1e-4));
      for (int i = 0; i < 3; i++) {
        model.accumulate(pairs.measuredFrom(before), 1, i);
        assertThat(model.update(1e-1)).isPositive();
      }
      assertThat(model.reference(pairs).chosen()).isEqualTo(before.chosen());
      assertThat(model.reference(pairs).rejected()).isEqualTo(before.rejected());
    }
  }

  /** PEFT trains biases in place, and {@code disable_adapter} leaves them there. */
  @Test
  void theReferenceMovesWithBiasesThatTrain() {
    String method = "{'peft_type':'LORA','target_modules':['q_proj'],'bias':'lora_only'}";
    Path qwen2 = BASE.resolveSibling("qwen2");
    try (TrainableModel model = load(qwen2, peft(method), DPO);
        TrainableModel without = load(qwen2, peft(method.replace("lora_only", "none")), DPO)) {
      assertThat(model.referenceMoves()).isTrue();
      assertThat(without.referenceMoves()).isFalse();
      PairBatch pairs = pairs(3);
      PairLogps before = model.reference(pairs);
      assertThat(before.chosen()).isEqualTo(without.reference(pairs).chosen());
      for (int i = 0; i < 3; i++) {
        model.accumulate(pairs, 1, i);
        model.update(1e-1);
      }
      PairLogps after = model.reference(pairs);
      assertThat(after.chosen()[0]).isNotCloseTo(before.chosen()[0], within(1e-3));
      assertThat(model.evaluate(pairs.measuredFrom(before)).sum())
          .isEqualTo(model.evaluate(pairs).sum());
    }
  }

  @Test
  void whereTheBaseTrainsTheReferenceIsGoneAfterTheFirstStep() {
    try (TrainableModel model = load(new AdapterMethod.Full(), DPO)) {
      PairBatch pairs = pairs(3);
      PairLogps start = model.reference(pairs);
      TokenLoss loss = model.accumulate(pairs.measuredFrom(start), 1, 0);
      assertThat(loss.mean()).isCloseTo(Math.log(2), within(1e-5));
      model.update(1e-3);
      assertThatThrownBy(() -> model.reference(pairs))
          .hasMessageContaining("before its first step");
      assertThat(model.evaluate(pairs.measuredFrom(start)).mean()).isLessThan(Math.log(2));
    }
  }

  @Test
  void trainingRaisesTheChosenAboveTheRejected() {
    try (TrainableModel model = load(peft(LORA), DPO)) {
      PairBatch pairs = pairs(3);
      pairs = pairs.measuredFrom(model.reference(pairs));
      for (int i = 0; i < 20; i++) {
        model.accumulate(pairs, 1, i);
        model.update(1e-2);
      }
      var metrics = model.evaluate(pairs).pairs();
      assertThat(metrics.accurate()).isEqualTo(3);
      assertThat(metrics.named().get("rewards/margins")).isGreaterThan(1);
      assertThat(metrics.chosenTokens()).isEqualTo(2 + 3 + 4);
      assertThat(metrics.rejectedTokens()).isEqualTo(5 + 4 + 3);
    }
  }

  @Test
  void theLossOfAFileIsTheMeanOverItsPairs() {
    try (TrainableModel model = load(peft(LORA.replace("}", ",'init_lora_weights':false}")), DPO)) {
      PairBatch all = pairs(3);
      TokenLoss whole = model.evaluate(all.measuredFrom(model.reference(all)));
      TokenLoss parts = TokenLoss.ZERO;
      for (int i = 0; i < 3; i++) {
        PairBatch one = only(all, i);
        parts = parts.plus(model.evaluate(one.measuredFrom(model.reference(one))));
      }
      assertThat(parts.mean()).isCloseTo(whole.mean(), within(1e-5));
      assertThat(parts.accuracy()).isEqualTo(whole.accuracy());
      assertThat(parts.pairs().named().get("logps/chosen"))
          .isCloseTo(whole.pairs().named().get("logps/chosen"), within(1e-4));
    }
  }

  @Test
  void oddsNeedNoReferenceAndLearnTheWholeChosenText() {
    try (TrainableModel model = load(peft(LORA), new Orpo(0.1))) {
      PairBatch pairs = pairs(3);
      assertThatThrownBy(() -> model.reference(pairs)).hasMessageContaining("no reference");
      TokenLoss loss = model.evaluate(pairs);
      TokenBatch text = new TokenBatch(pairs.chosen().inputIds(), pairs.chosen().inputIds());
      assertThat(loss.pairs().named().get("nll_loss"))
          .isCloseTo(model.evaluate(text).mean(), within(1e-5));
      assertThat(loss.trainedTokens()).isEqualTo(9 + 12);
    }
  }

  @Test
  void whatCannotBeLearnedFromIsSaid() {
    try (TrainableModel model = load(peft(LORA), DPO)) {
      assertThatThrownBy(() -> model.evaluate(pairs(1)))
          .hasMessageContaining("no log-probabilities of the reference");
    }
    try (ModelDirectory base = ModelDirectory.open(BASE);
        TrainableModel model =
            TrainableModel.load(base, new AdapterMethod.Full(), ADAMW, ComputePlan.KEEP, 1)) {
      assertThatThrownBy(() -> model.evaluate(pairs(1)))
          .hasMessageContaining("pairs need an objective with a preference");
    }
  }
}
