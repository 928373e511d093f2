package dev.graft.training;

import dev.graft.spec.Prompted;
import dev.graft.spec.Lora;
import dev.graft.model.Slot;
import dev.graft.spec.AdaLora;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Freeze;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.Vera;
import dev.graft.weights.ModelConfig.Dropouts;
import dev.graft.weights.ModelConfig;
import java.util.List;

/** What is left out at random while a model trains. */
final class Drops {
  private Drops() {}

  static Dropouts ofBase(TrainingSpec spec, ModelConfig config) {
    return spec.training().regularisation().disableDropout() ? Dropouts.NONE : config.dropouts();
  }

  /** Whether anything is: the rows of a micro-batch have one generator then, and one lane. */
  static boolean any(TrainingSpec spec, ModelConfig config) {
    return ofMethod(spec.method())
        || !ofBase(spec, config).equals(Dropouts.NONE)
        || spec.training().regularisation().neftuneNoiseAlpha() > 0;
  }

  static boolean ofMethod(AdapterMethod method) {
    return switch (method) {
      case Lora lora -> lora.loraDropout() > 0;
      case AdaLora ranks -> ranks.loraDropout() > 0;
      case Vera vectors -> vectors.veraDropout() > 0;
      case AdapterMethod.Full _,
          Freeze _,
          Bottleneck _,
          Ia3 _,
          LnTuning _,
          Prompted _ ->
          false;
    };
  }

  /**
   * Whether anything is that cannot be told token by token: then the rows of a micro-batch are
   * computed together. The head sees the tokens that it picks, and may have factors of a method.
   */
  static boolean together(TrainingSpec spec, ModelConfig config, List<Slot> slots) {
    Dropouts base = ofBase(spec, config);
    boolean headDrops =
        ofMethod(spec.method())
            && slots.stream().anyMatch(slot -> slot.name().startsWith(config.outputModule()));
    return base.attention() > 0 || base.head() > 0 || headDrops;
  }
}
