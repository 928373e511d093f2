package dev.graft.training.tuner;

import dev.graft.spec.method.AdaLora;
import dev.graft.spec.method.AdapterMethod;
import dev.graft.spec.method.Bottleneck;
import dev.graft.spec.method.Freeze;
import dev.graft.spec.method.Ia3;
import dev.graft.spec.method.LnTuning;
import dev.graft.spec.method.PTuning;
import dev.graft.spec.method.PrefixTuning;
import dev.graft.spec.method.PromptTuning;
import dev.graft.spec.method.Vera;
import dev.graft.training.tuner.bottleneck.BottleneckTuner;
import dev.graft.training.tuner.lora.AdaLoraTuner;
import dev.graft.training.tuner.lora.Ia3Factors;
import dev.graft.training.tuner.lora.LoraTuner;
import dev.graft.training.tuner.lora.VeraVectors;
import dev.graft.training.tuner.modules.FullTuner;
import dev.graft.training.tuner.modules.TunedNorms;
import dev.graft.training.tuner.part.Tuner;
import dev.graft.training.tuner.prompt.PrefixTuner;
import dev.graft.training.tuner.prompt.PromptEncoderTuner;
import dev.graft.training.tuner.prompt.PromptTuner;
import dev.graft.weights.ModelDirectory;

/** The tuner of each method. */
public final class Tuners {
  private Tuners() {}

  /**
   * @throws IllegalArgumentException if the method does not fit the base, saying where
   */
  public static Tuner of(AdapterMethod method, ModelDirectory base) {
    return switch (method) {
      case AdapterMethod.Lora lora -> new LoraTuner(lora, base);
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
