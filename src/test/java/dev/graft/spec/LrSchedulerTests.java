package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class LrSchedulerTests {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "type:'linear'",
        "type:'cosine','lr_scheduler_kwargs':{'num_cycles':1.5}",
        "type:'cosine_with_restarts','lr_scheduler_kwargs':{'num_cycles':3}",
        "type:'polynomial','lr_scheduler_kwargs':{'power':2,'lr_end':1e-6}",
        "type:'constant'",
        "type:'constant_with_warmup'",
        "type:'inverse_sqrt'",
        "type:'inverse_sqrt','lr_scheduler_kwargs':{'timescale':5}",
        "type:'cosine_with_min_lr','lr_scheduler_kwargs':{'min_lr':1e-6}",
        "type:'cosine_warmup_with_min_lr','lr_scheduler_kwargs':{'min_lr_rate':0.1,'warmup_lr_rate':0.2}",
        "type:'warmup_stable_decay','lr_scheduler_kwargs':{'num_decay_steps':4,'decay_type':'1-sqrt'}",
      })
  void theEchoResolvesToTheSameSchedule(String type) {
    TrainingSpec spec = resolve(type);
    assertThat(TrainingSpec.resolve(TrainingSpec.toJson(spec), null, null, null)).isEqualTo(spec);
    assertThat(type).contains(spec.training().schedule().lrScheduler().type());
  }

  @Test
  void defaultsAreThoseOfTransformers() {
    assertThat(resolve("type:'warmup_stable_decay','lr_scheduler_kwargs':{'num_decay_steps':4}"))
        .extracting(spec -> spec.training().schedule().lrScheduler())
        .isEqualTo(
            new LrScheduler.WarmupStableDecay(
                4, null, LrScheduler.Shape.LINEAR, LrScheduler.Shape.COSINE, 0, 0.5));
    assertThat(resolve("type:'polynomial'").training().schedule().lrScheduler())
        .isEqualTo(new LrScheduler.Polynomial(1e-7, 1));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "type:'reduce_lr_on_plateau' | lr_scheduler_type",
        "type:'step' | lr_scheduler_type",
        "type:'linear','lr_scheduler_kwargs':{'num_cycles':1} | lr_scheduler_kwargs.num_cycles",
        "type:'cosine','lr_scheduler_kwargs':7 | lr_scheduler_kwargs",
        "type:'cosine_with_min_lr' | lr_scheduler_kwargs.min_lr_rate",
        "type:'cosine_with_min_lr','lr_scheduler_kwargs':{'min_lr':0,'min_lr_rate':0} |"
            + " lr_scheduler_kwargs.min_lr",
        "type:'polynomial','lr_scheduler_kwargs':{'lr_end':1} | lr_scheduler_kwargs.lr_end",
        "type:'warmup_stable_decay' | lr_scheduler_kwargs.num_decay_steps",
        "type:'warmup_stable_decay','lr_scheduler_kwargs':{'num_decay_steps':1,'decay_type':'sqrt'}"
            + " | lr_scheduler_kwargs.decay_type",
      })
  void refusesAtItsPath(String type, String path) {
    SpecRejected rejected = catchThrowableOfType(SpecRejected.class, () -> resolve(type));
    assertThat(rejected.problems())
        .extracting(SpecRejected.Problem::path)
        .containsExactly("adapter.training." + path);
  }

  private static TrainingSpec resolve(String type) {
    String adapter = "{'training':{" + type.replace("type:", "'lr_scheduler_type':") + "}}";
    return TrainingSpec.resolve(
        new JsonMapper().readTree(adapter.replace('\'', '"')), null, null, null);
  }
}
