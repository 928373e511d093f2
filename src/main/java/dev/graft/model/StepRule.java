package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a method does in an optimiser step beside AdamW. */
interface StepRule {
  /** Nothing. */
  StepRule NONE =
      new StepRule() {
        @Override
        public Readout.@Nullable Numbers regularise(Readout readout) {
          return null;
        }

        @Override
        public void updated(long updates) {}

        @Override
        public Map<String, PtNDArray> state() {
          return Map.of();
        }
      };

  /**
   * Adds to the gradients before they are clipped.
   *
   * @return what it adds to the loss, among what is read; null = nothing
   */
  Readout.@Nullable Numbers regularise(Readout readout);

  /**
   * After the update, with the clipped gradients still there.
   *
   * @param updates made so far, this one included
   */
  void updated(long updates);

  /** What the next step depends on and a checkpoint must hold, by name. */
  Map<String, PtNDArray> state();
}
