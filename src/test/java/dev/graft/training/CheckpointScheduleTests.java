package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.spec.TrainingSpec;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Ten rows, two a step: five steps an epoch. */
class CheckpointScheduleTests {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'num_train_epochs':3|1|5 10 15",
        "'num_train_epochs':1|1|5",
        "'num_train_epochs':6|1|20 25 30",
        // thirteen seconds a step: an epoch lasts longer than a minute
        "'num_train_epochs':6|13|5 10 15 20 25 30",
        "'num_train_epochs':2.5|1|5 10",
        "'num_train_epochs':6,'early_stopping_patience':1,'eval_steps':5|1|5 10 15 20 25 30",
        "'max_steps':4|1|``",
        "'max_steps':12|1|5 10",
        "'num_train_epochs':2,'save_steps':4|1|4 8",
        "'num_train_epochs':3,'save_steps':0|1|``",
        "'num_train_epochs':1,'save_minutes':1|30|2 4 5",
        // as specs of earlier releases say it
        "'num_train_epochs':3,'save_steps':100|1|``",
      })
  void checkpointsAreMadeAtTheEndOfEpochsUnlessStepsAreGiven(
      String training, int seconds, String expected) {
    var settings =
        (ObjectNode)
            new JsonMapper()
                .readTree(
                    "{\"training\":{%s,\"per_device_train_batch_size\":2}}"
                        .formatted(training.replace('\'', '"')));
    var spec = TrainingSpec.resolve(settings, null, null, null);
    // what is stored says the same
    spec = TrainingSpec.resolve(TrainingSpec.toJson(spec), null, null, null);
    var plan = new BatchPlan(spec.training(), 1, new int[10]);
    var now = new AtomicLong();
    var schedule = new FineTune.CheckpointSchedule(spec.training(), plan, now::get);
    long total = plan.totalSteps();
    List<String> made =
        LongStream.rangeClosed(1, total)
            .peek(step -> now.addAndGet(TimeUnit.SECONDS.toNanos(seconds)))
            .filter(step -> step < total ? schedule.due(step) : schedule.dueAtEnd(step))
            .peek(step -> schedule.made())
            .mapToObj(Long::toString)
            .toList();
    assertThat(String.join(" ", made)).isEqualTo(expected);
  }
}
