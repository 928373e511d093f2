package dev.graft.spec;

import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.spec.Hyperparameters.TruncationMode;
import dev.graft.spec.SpecRejected.Problem;
import dev.graft.spec.TrainingSpec.DataOptions;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * The combinations of settings that are refused, in one table; a test compares it with the one in
 * {@code docs/methods.md}. Single settings that are not supported yet are refused where they are
 * read.
 */
final class Combinations {
  /**
   * Two settings that cannot be combined.
   *
   * @param first the first setting, in the words of the documentation
   * @param path path of the setting that is refused
   * @param reason the rest of the sentence that begins with the path
   */
  record Refusal(
      String first, String second, String path, String reason, Predicate<TrainingSpec> when) {}

  static final List<Refusal> REFUSALS =
      List.of(
          new Refusal(
              "PiSSA, OLoRA",
              "use_dora",
              "adapter.peft.use_dora",
              "cannot be combined with an initialisation that changes the base: the result"
                  + " could not be converted for the unchanged base",
              lora(lora -> lora.variant().useDora() && lora.initLoraWeights().changesBase())),
          new Refusal(
              "DoRA",
              "lora_bias",
              "adapter.peft.lora_bias",
              "cannot be combined with use_dora, as in PEFT",
              lora(lora -> lora.variant().useDora() && lora.variant().loraBias())),
          new Refusal(
              "init_lora_weights other than true and false",
              "lora_bias",
              "adapter.peft.lora_bias",
              "needs init_lora_weights true or false, as in PEFT",
              lora(
                  lora ->
                      lora.variant().loraBias()
                          && !(lora.initLoraWeights() instanceof LoraInit.Standard
                              || lora.initLoraWeights() instanceof LoraInit.Random))),
          new Refusal(
              "orthogonal",
              "odd r",
              "adapter.peft.r",
              "must be even with init_lora_weights \"orthogonal\"",
              lora(
                  lora ->
                      lora.initLoraWeights() instanceof LoraInit.Orthogonal
                          && ranks(lora).anyMatch(rank -> rank % 2 != 0))),
          new Refusal(
              "PiSSA, OLoRA",
              "r above 512",
              "adapter.peft.r",
              "must be at most 512 with init_lora_weights \"pissa\" or \"olora\": the result"
                  + " has twice the rank",
              lora(
                  lora ->
                      lora.initLoraWeights().changesBase()
                          && ranks(lora).anyMatch(rank -> rank > 512))),
          new Refusal(
              "LoRA",
              "lora_alpha above 1000 r",
              "adapter.peft.lora_alpha",
              "must be at most 1000 times r: the update is multiplied by lora_alpha / r,"
                  + " which is typically 1 or 2",
              lora(lora -> lora.loraAlpha() > 1000.0 * lora.r())),
          new Refusal(
              "EVA",
              "r times rho above 1024",
              "adapter.peft.eva_config.rho",
              "must not allow more than 1024 ranks per module (r times rho)",
              lora(
                  lora ->
                      lora.initLoraWeights() instanceof LoraInit.Eva eva
                          && ranks(lora).anyMatch(rank -> Math.rint(rank * eva.rho()) > 1024))),
          new Refusal(
              "full training",
              "quantization",
              "adapter.quantization",
              "cannot be combined with full training, which changes the weights of the base",
              quantized(method -> method instanceof AdapterMethod.Full)),
          new Refusal(
              "AdaLoRA",
              "r",
              "adapter.peft.r",
              "has no effect in AdaLoRA: set init_r, the initial rank, and target_r, the mean"
                  + " rank at the end",
              spec -> spec.method() instanceof AdaLora method && method.r() != 8),
          new Refusal(
              "AdaLoRA",
              "rank_pattern",
              "adapter.peft.rank_pattern",
              "cannot be set: the training decides which ranks remain",
              spec -> spec.method() instanceof AdaLora method && !method.rankPattern().isEmpty()),
          new Refusal(
              "AdaLoRA",
              "fewer max_steps",
              "adapter.peft.total_step",
              "must not exceed max_steps: the run would end before the ranks are pruned",
              spec ->
                  spec.method() instanceof AdaLora method
                      && spec.training().schedule().maxSteps() > 0
                      && method.allocation().totalStep() > spec.training().schedule().maxSteps()),
          new Refusal(
              "freeze",
              "quantization",
              "adapter.quantization",
              "cannot be combined with freeze, which changes the weights of the base",
              quantized(method -> method instanceof Freeze)),
          new Refusal(
              "PiSSA, OLoRA",
              "quantization",
              "adapter.quantization",
              "cannot be combined with an initialisation that changes the weights of the base",
              quantized(
                  method -> method instanceof Lora lora && lora.initLoraWeights().changesBase())),
          new Refusal(
              "LoftQ",
              "quantization",
              "adapter.quantization",
              "cannot be combined with LoftQ, which itself quantises the layers that it"
                  + " adapts, by loftq_bits",
              quantized(
                  method ->
                      method instanceof Lora lora
                          && lora.initLoraWeights() instanceof LoraInit.Loftq)),
          new Refusal(
              "classification, regression",
              "packing",
              "adapter.training.packing",
              "cannot be combined with row labels: every row is a sequence of its own",
              rowLabels(spec -> spec.training().rows().packingStrategy() != null)),
          new Refusal(
              "classification, regression",
              "label_smoothing_factor",
              "adapter.training.label_smoothing_factor",
              "must be 0: label smoothing is not supported for row labels",
              rowLabels(spec -> spec.training().regularisation().labelSmoothingFactor() != 0)),
          new Refusal(
              "classification, regression",
              "truncation_mode split_budget",
              "adapter.training.truncation_mode",
              "must not be split_budget: a row with a label has no prompt to cut",
              rowLabels(
                  spec -> spec.training().rows().truncationMode() == TruncationMode.SPLIT_BUDGET)),
          new Refusal(
              "classification, regression",
              "choice of tokens to train",
              "adapter.data",
              "cannot select tokens to train: labels belong to whole rows",
              rowLabels(Combinations::choosesTokens)),
          new Refusal(
              "classification, regression",
              "virtual tokens",
              "adapter.peft.peft_type",
              "cannot be combined with row labels: their head trains as a whole, and virtual"
                  + " tokens do not support modules_to_save",
              rowLabels(spec -> spec.method() instanceof Prompted)),
          new Refusal(
              "virtual tokens",
              "packing",
              "adapter.training.packing",
              "must be off or wrapped: virtual tokens precede a sequence, not each row that"
                  + " is packed into it",
              spec ->
                  spec.method() instanceof Prompted
                      && spec.training().rows().packingStrategy() != null
                      && spec.training().rows().packingStrategy() != PackingStrategy.WRAPPED),
          new Refusal(
              "virtual tokens",
              "output.merged",
              "adapter.output.merged",
              "cannot be combined with virtual tokens, which do not change weights",
              merged(method -> method instanceof Prompted)),
          new Refusal(
              "bottleneck adapters",
              "output.merged",
              "adapter.output.merged",
              "cannot be combined with bottleneck adapters: a non-linear function cannot be"
                  + " merged into weights",
              merged(method -> method instanceof Bottleneck)),
          new Refusal(
              "full training, freeze",
              "output.merged",
              "adapter.output.merged",
              "has no effect: the result is already a whole model",
              merged(method -> method instanceof AdapterMethod.Full || method instanceof Freeze)),
          new Refusal(
              "all but pissa and olora",
              "output.trained_form",
              "adapter.output.trained_form",
              "needs init_lora_weights \"pissa\" or \"olora\": other results already have"
                  + " their trained form, and the start of pissa_niter_N is random and cannot be"
                  + " repeated",
              spec ->
                  spec.outputs().trainedForm()
                      && !(spec.method() instanceof Lora lora
                          && lora.initLoraWeights().changesBaseRepeatably())),
          new Refusal(
              "dpo, orpo",
              "packing",
              "adapter.training.packing",
              "cannot be combined with pairs, as in TRL",
              pairs(spec -> spec.training().rows().packingStrategy() != null)),
          new Refusal(
              "dpo, orpo",
              "label_smoothing_factor",
              "adapter.training.label_smoothing_factor",
              "applies to the loss of tokens; for pairs set label_smoothing",
              pairs(spec -> spec.training().regularisation().labelSmoothingFactor() > 0)),
          new Refusal(
              "dpo, orpo",
              "assistant_only_loss, completion_only_loss, mask_history",
              "adapter.data",
              "cannot select the tokens of a pair that train: the tokens of both completions do",
              pairs(Combinations::choosesTokens)));

  private Combinations() {}

  /** Returns a problem for every refused combination of a request. */
  static List<Problem> problems(TrainingSpec spec) {
    return REFUSALS.stream()
        .filter(refusal -> refusal.when.test(spec))
        .map(refusal -> new Problem(refusal.path, refusal.reason))
        .toList();
  }

  private static Predicate<TrainingSpec> lora(Predicate<Lora> when) {
    return spec -> spec.method() instanceof Lora lora && when.test(lora);
  }

  private static Predicate<TrainingSpec> quantized(Predicate<AdapterMethod> when) {
    return spec -> spec.quantization() != null && when.test(spec.method());
  }

  private static Predicate<TrainingSpec> merged(Predicate<AdapterMethod> when) {
    return spec -> spec.outputs().merged() && when.test(spec.method());
  }

  private static Predicate<TrainingSpec> rowLabels(Predicate<TrainingSpec> when) {
    return spec -> spec.objective().labelsRows() && when.test(spec);
  }

  private static Predicate<TrainingSpec> pairs(Predicate<TrainingSpec> when) {
    return spec -> spec.objective().pairs() && when.test(spec);
  }

  private static boolean choosesTokens(TrainingSpec spec) {
    DataOptions data = spec.data();
    return data.maskHistory()
        || data.assistantOnlyLoss() != null
        || data.completionOnlyLoss() != null;
  }

  /** Returns the ranks of all modules. */
  private static IntStream ranks(Lora lora) {
    return IntStream.concat(
        IntStream.of(lora.r()),
        lora.patterns().rankPattern().values().stream().mapToInt(Integer::intValue));
  }
}
