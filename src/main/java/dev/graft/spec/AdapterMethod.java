package dev.graft.spec;

import java.util.List;

/** How the base model is adapted; names and defaults are PEFT's. */
public sealed interface AdapterMethod {
  /**
   * LoRA (Hu et al. 2021): {@code y = Wx + (lora_alpha / r) B A x}.
   *
   * @param initLoraWeights PEFT's {@code init_lora_weights}: true = B zero, false = both random
   */
  record Lora(
      int r,
      double loraAlpha,
      double loraDropout,
      TargetModules targetModules,
      boolean initLoraWeights)
      implements AdapterMethod {
    public Lora {
      if (r < 1 || r > 1024) throw new IllegalArgumentException("r must be 1..1024, is " + r);
      if (!(loraAlpha > 0))
        throw new IllegalArgumentException("lora_alpha must be > 0, is " + loraAlpha);
      if (!(loraDropout >= 0 && loraDropout < 1))
        throw new IllegalArgumentException("lora_dropout must be in [0, 1), is " + loraDropout);
    }

    public double scale() {
      return loraAlpha / r;
    }
  }

  /**
   * Virtual tokens in front of every row; the base stays as it is.
   *
   * <p>{@code modules_to_save} is not supported beside them.
   */
  sealed interface Prompted extends AdapterMethod permits PromptTuning, PTuning, PrefixTuning {
    /** Virtual tokens; real ones start at this position. */
    int numVirtualTokens();
  }

  /** Every parameter of the base trains. */
  record Full() implements AdapterMethod {}

  /** Which linear layers get factors. */
  sealed interface TargetModules {
    /** {@code "all-linear"}: every linear layer except the output embedding. */
    record AllLinear() implements TargetModules {}

    /** A module matches by its whole path, or by a suffix after a dot. */
    record Names(List<String> names) implements TargetModules {
      public Names {
        names = List.copyOf(names);
      }
    }
  }
}
