package dev.graft.model;

import dev.graft.spec.Lora;
import dev.graft.spec.AdaLora;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Freeze;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.Prompted.PTuning;
import dev.graft.spec.Prompted.PrefixTuning;
import dev.graft.spec.Prompted.PromptTuning;
import dev.graft.spec.Vera;
import dev.graft.weights.ModelDirectory;

/** The tuner of each method. */
public final class Tuners {
  private Tuners() {}

  /**
   * @throws IllegalArgumentException if the method does not fit the base, saying where
   */
  public static Tuner of(AdapterMethod method, ModelDirectory base) {
    return switch (method) {
      case Lora lora -> new LoraTuner(lora, base);
      case AdapterMethod.Full() -> FullTuner.all(base.config());
      case Freeze freeze -> FullTuner.of(freeze, base);
      case Bottleneck adapters -> new BottleneckTuner(adapters, base);
      case PromptTuning prompt -> new PromptTuner(prompt, base);
      case PTuning prompt -> new PromptEncoderTuner(prompt, base.config());
      case AdaLora adaLora -> new AdaLoraTuner(adaLora, base);
      case Ia3 ia3 -> Ia3Factors.tuner(ia3, base);
      case LnTuning norms -> TunedNorms.tuner(norms, base);
      case Vera vera -> VeraVectors.tuner(vera, base);
      case PrefixTuning prefix -> new PrefixTuner(prefix, base.config());
    };
  }
}
