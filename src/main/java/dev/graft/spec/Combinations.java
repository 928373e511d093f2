package dev.graft.spec;

import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.spec.Hyperparameters.TruncationMode;
import dev.graft.spec.SpecRejected.Problem;
import dev.graft.spec.TrainingSpec.DataOptions;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * What is known of a request by itself and cannot be combined, or means nothing: one table, which
 * {@code docs/methods.md} shows and a test holds against it. Single settings that are not built yet
 * are refused where they are read.
 */
final class Combinations {
  /**
   * Two settings that do not go together.
   *
   * @param first of the two, as a person would say it
   * @param path of the setting that is refused
   * @param reason the end of the sentence that begins with the path
   */
  public record Refusal(
      String first, String second, String path, String reason, Predicate<TrainingSpec> when) {}

  private static final List<Refusal> REFUSALS =
      List.of(
          new Refusal(
              "PiSSA, OLoRA",
              "use_dora",
              "adapter.peft.use_dora",
              "cannot be combined with a start that is taken out of the base: the result would have"
                  + " no form for the base as it is",
              spec ->
                  spec.method() instanceof Lora lora
                      && lora.variant().useDora()
                      && lora.initLoraWeights().changesBase()),
          new Refusal(
              "DoRA",
              "lora_bias",
              "adapter.peft.lora_bias",
              "cannot be combined with use_dora, as in PEFT",
              spec ->
                  spec.method() instanceof Lora lora
                      && lora.variant().useDora()
                      && lora.variant().loraBias()),
          new Refusal(
              "other starts than true and false",
              "lora_bias",
              "adapter.peft.lora_bias",
              "needs init_lora_weights true or false, as in PEFT",
              spec ->
                  spec.method() instanceof Lora lora
                      && lora.variant().loraBias()
                      && !(lora.initLoraWeights() instanceof LoraInit.Standard
                          || lora.initLoraWeights() instanceof LoraInit.Random)),
          new Refusal(
              "orthogonal",
              "odd r",
              "adapter.peft.r",
              "must be even with init_lora_weights \"orthogonal\"",
              spec ->
                  spec.method() instanceof Lora lora
                      && lora.initLoraWeights() instanceof LoraInit.Orthogonal
                      && hasOddRank(lora)),
          new Refusal(
              "PiSSA, OLoRA",
              "r above 512",
              "adapter.peft.r",
              "must be at most 512 with init_lora_weights \"pissa\" or \"olora\": the result has"
                  + " twice the rank",
              spec ->
                  spec.method() instanceof Lora lora
                      && lora.initLoraWeights().changesBase()
                      && largestRank(lora) > 512),
          new Refusal(
              "LoRA",
              "lora_alpha above 1000 r",
              "adapter.peft.lora_alpha",
              "must be at most 1000 times r: what is learned is multiplied by lora_alpha / r,"
                  + " usual are 1 and 2",
              spec -> spec.method() instanceof Lora lora && lora.loraAlpha() > 1000.0 * lora.r()),
          new Refusal(
              "EVA",
              "r times rho above 1024",
              "adapter.peft.eva_config.rho",
              "must not allow more than 1024 ranks a module, which is r times rho",
              spec ->
                  spec.method() instanceof Lora lora
                      && lora.initLoraWeights() instanceof LoraInit.Eva eva
                      && Math.rint(largestRank(lora) * eva.rho()) > 1024),
          new Refusal(
              "full training",
              "quantization",
              "adapter.quantization",
              "cannot be combined with full training, which changes the weights of the base",
              spec -> spec.quantization() != null && spec.method() instanceof AdapterMethod.Full),
          new Refusal(
              "AdaLoRA",
              "r",
              "adapter.peft.r",
              "means nothing to AdaLoRA: init_r is the rank at the start, target_r the mean at the"
                  + " end",
              spec -> spec.method() instanceof AdaLora method && method.r() != 8),
          new Refusal(
              "AdaLoRA",
              "rank_pattern",
              "adapter.peft.rank_pattern",
              "is what a training decides",
              spec -> spec.method() instanceof AdaLora method && !method.rankPattern().isEmpty()),
          new Refusal(
              "AdaLoRA",
              "fewer max_steps",
              "adapter.peft.total_step",
              "must not be more than max_steps: the run would end before its ranks are pruned",
              spec ->
                  spec.method() instanceof AdaLora method
                      && spec.training().schedule().maxSteps() > 0
                      && method.allocation().totalStep() > spec.training().schedule().maxSteps()),
          new Refusal(
              "freeze",
              "quantization",
              "adapter.quantization",
              "cannot be combined with freeze, which changes the weights of the base",
              spec -> spec.quantization() != null && spec.method() instanceof Freeze),
          new Refusal(
              "PiSSA, OLoRA",
              "quantization",
              "adapter.quantization",
              "cannot be combined with a start that is taken out of the base's weights",
              spec ->
                  spec.quantization() != null
                      && spec.method() instanceof Lora lora
                      && lora.initLoraWeights().changesBase()),
          new Refusal(
              "LoftQ",
              "quantization",
              "adapter.quantization",
              "cannot be combined with LoftQ, which quantises the layers that it adapts, by"
                  + " loftq_bits",
              spec ->
                  spec.quantization() != null
                      && spec.method() instanceof Lora lora
                      && lora.initLoraWeights() instanceof LoraInit.Loftq),
          new Refusal(
              "classification, regression",
              "packing",
              "adapter.training.packing",
              "cannot be combined with labels of rows, which are read one by one",
              spec ->
                  spec.objective().labelsRows()
                      && spec.training().rows().packingStrategy() != null),
          new Refusal(
              "classification, regression",
              "label_smoothing_factor",
              "adapter.training.label_smoothing_factor",
              "must be 0: smoothing is not built for labels of rows",
              spec ->
                  spec.objective().labelsRows()
                      && spec.training().regularisation().labelSmoothingFactor() != 0),
          new Refusal(
              "classification, regression",
              "truncation_mode split_budget",
              "adapter.training.truncation_mode",
              "must not be split_budget: a row with a label has no prompt to cut",
              spec ->
                  spec.objective().labelsRows()
                      && spec.training().rows().truncationMode() == TruncationMode.SPLIT_BUDGET),
          new Refusal(
              "classification, regression",
              "choice of tokens to train",
              "adapter.data",
              "chooses tokens to train, but labels belong to whole rows",
              spec -> spec.objective().labelsRows() && choosesTokens(spec.data())),
          new Refusal(
              "classification, regression",
              "virtual tokens",
              "adapter.peft.peft_type",
              "cannot be combined with labels of rows: their head trains whole, and virtual tokens"
                  + " have no modules_to_save beside them",
              spec -> spec.objective().labelsRows() && spec.method() instanceof Prompted),
          new Refusal(
              "virtual tokens",
              "packing",
              "adapter.training.packing",
              "must be off, or wrapped: virtual tokens come first in a row, not before each of its"
                  + " texts",
              spec ->
                  spec.method() instanceof Prompted
                      && spec.training().rows().packingStrategy() != null
                      && spec.training().rows().packingStrategy() != PackingStrategy.WRAPPED),
          new Refusal(
              "virtual tokens",
              "output.merged",
              "adapter.output.merged",
              "needs a method that changes weights: virtual tokens are none",
              spec -> spec.outputs().merged() && spec.method() instanceof Prompted),
          new Refusal(
              "bottleneck adapters",
              "output.merged",
              "adapter.output.merged",
              "needs a method that changes weights: a non-linear function is none",
              spec -> spec.outputs().merged() && spec.method() instanceof Bottleneck),
          new Refusal(
              "full training, freeze",
              "output.merged",
              "adapter.output.merged",
              "has no meaning: the result is a whole model already",
              spec ->
                  spec.outputs().merged()
                      && (spec.method() instanceof AdapterMethod.Full
                          || spec.method() instanceof Freeze)),
          new Refusal(
              "all but pissa and olora",
              "output.trained_form",
              "adapter.output.trained_form",
              "needs init_lora_weights \"pissa\" or \"olora\": other results are in the form that"
                  + " trained, and what pissa_niter_N starts from cannot be repeated",
              spec ->
                  spec.outputs().trainedForm()
                      && !(spec.method() instanceof Lora lora
                          && lora.initLoraWeights().changesBaseRepeatably())),
          new Refusal(
              "dpo, orpo",
              "packing",
              "adapter.training.packing",
              "cannot be combined with pairs, as in TRL",
              spec -> spec.objective().pairs() && spec.training().rows().packingStrategy() != null),
          new Refusal(
              "dpo, orpo",
              "label_smoothing_factor",
              "adapter.training.label_smoothing_factor",
              "is about the loss of tokens; that of pairs has label_smoothing",
              spec ->
                  spec.objective().pairs()
                      && spec.training().regularisation().labelSmoothingFactor() > 0),
          new Refusal(
              "dpo, orpo",
              "assistant_only_loss, completion_only_loss, mask_history",
              "adapter.data",
              "cannot say which tokens of a pair train: those of the completions do",
              spec -> spec.objective().pairs() && choosesTokens(spec.data())));

  private Combinations() {}

  /** The table. */
  public static List<Refusal> refusals() {
    return REFUSALS;
  }

  /** Every refusal that a request meets. */
  static List<Problem> problems(TrainingSpec spec) {
    return REFUSALS.stream()
        .filter(refusal -> refusal.when().test(spec))
        .map(refusal -> new Problem(refusal.path(), refusal.reason()))
        .toList();
  }

  private static boolean choosesTokens(DataOptions data) {
    return data.maskHistory()
        || data.assistantOnlyLoss() != null
        || data.completionOnlyLoss() != null;
  }

  private static int largestRank(Lora lora) {
    return IntStream.concat(
            IntStream.of(lora.r()),
            lora.patterns().rankPattern().values().stream().mapToInt(Integer::intValue))
        .max()
        .orElseThrow();
  }

  private static boolean hasOddRank(Lora lora) {
    return lora.r() % 2 != 0
        || lora.patterns().rankPattern().values().stream().anyMatch(rank -> rank % 2 != 0);
  }
}
