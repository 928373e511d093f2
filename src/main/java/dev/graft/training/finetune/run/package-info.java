/**
 * What a run is asked for: {@link dev.graft.training.finetune.run.TrainingRun} says what to train,
 * on what and where to; {@link dev.graft.training.finetune.run.RunControl} holds what it is asked
 * while it goes. {@link dev.graft.training.finetune.run.BadRun} is a run that cannot succeed
 * however often it is tried.
 */
@NullMarked
package dev.graft.training.finetune.run;

import org.jspecify.annotations.NullMarked;
