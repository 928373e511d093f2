package dev.graft.spec;

import java.util.List;

/** How the base model is adapted; names and defaults are PEFT's. */
public sealed interface AdapterMethod
    permits AdapterMethod.Lora,
        AdapterMethod.Prompted,
        AdapterMethod.Targeted,
        AdapterMethod.Full,
        Bottleneck,
        Freeze {
  /**
   * LoRA (Hu et al. 2021): {@code y = Wx + scale B A x}, with scale {@code lora_alpha / r}.
   *
   * @param targets which modules get factors
   * @param initLoraWeights how the factors start
   * @param variant how scale, norm and biases differ from the paper's
   * @param patterns ranks and alphas of single modules
   * @param extras what trains beside the factors
   */
  record Lora(
      int r,
      double loraAlpha,
      double loraDropout,
      Targets targets,
      LoraInit initLoraWeights,
      LoraVariant variant,
      LoraPatterns patterns,
      LoraExtras extras)
      implements AdapterMethod {
    public Lora {
      if (r < 1 || r > 1024) throw new IllegalArgumentException("r must be 1..1024, is " + r);
      if (!(loraAlpha > 0))
        throw new IllegalArgumentException("lora_alpha must be > 0, is " + loraAlpha);
      if (!(loraDropout >= 0 && loraDropout < 1))
        throw new IllegalArgumentException("lora_dropout must be in [0, 1), is " + loraDropout);
    }

    /** LoRA as in the paper. */
    public Lora(int r, double loraAlpha, double loraDropout, TargetModules targetModules) {
      this(
          r,
          loraAlpha,
          loraDropout,
          new Targets(targetModules),
          new LoraInit.Standard(),
          LoraVariant.PLAIN,
          LoraPatterns.NONE,
          LoraExtras.NONE);
    }

    /** The same with another start. */
    public Lora startingAs(LoraInit init) {
      return new Lora(r, loraAlpha, loraDropout, targets, init, variant, patterns, extras);
    }

    /** The same as another variant. */
    public Lora as(LoraVariant other) {
      return new Lora(r, loraAlpha, loraDropout, targets, initLoraWeights, other, patterns, extras);
    }

    /** Rank of the factors of a module. */
    public int rank(String module) {
      return patterns.rank(module, r);
    }

    /** {@code lora_alpha} of a module. */
    public double alpha(String module) {
      return patterns.alpha(module, loraAlpha);
    }

    /** What the product of a module's factors is multiplied by. */
    public double scale(String module) {
      double alpha = alpha(module);
      int rank = rank(module);
      return variant.useRslora() ? alpha / Math.sqrt(rank) : alpha / rank;
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

  /** Something new in, or instead of, modules of the base. */
  sealed interface Targeted extends AdapterMethod permits AdaLora, Ia3, LnTuning, Vera {
    /** The modules that the method changes. */
    Targets targets();

    /** Modules that train whole beside them, by path or by a suffix after a dot. */
    List<String> modulesToSave();
  }

  /** Every parameter of the base trains. */
  record Full() implements AdapterMethod {}

  /** Which modules are meant, with PEFT's rules. */
  sealed interface TargetModules {
    /** {@code "all-linear"}: every linear layer except the output embedding. */
    record AllLinear() implements TargetModules {}

    /** Null: those that PEFT adapts by default in a model of this family. */
    record FamilyDefault() implements TargetModules {}

    /** A module matches by its whole path, or by a suffix after a dot. */
    record Names(List<String> names) implements TargetModules {
      public Names {
        names = List.copyOf(names);
      }
    }

    /** A module matches when the expression matches its whole path. */
    record Pattern(PythonPattern expression) implements TargetModules {}
  }
}
