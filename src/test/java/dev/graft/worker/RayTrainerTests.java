package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.platform.MachineLacks;
import dev.graft.training.ProtocolLines;
import dev.graft.training.RunRequest;
import dev.graft.training.TrainerDirective;
import dev.graft.training.TrainingEvent;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** From submission to end, and what goes wrong between. */
class RayTrainerTests extends OnFakeRay {
  @Test
  void aRunIsSubmittedFollowedAndTakenOver() throws Exception {
    ray.onSubmission(
        job -> {
          Path run = job.directory();
          RunRequest said = ProtocolLines.readRequest(read(run.resolve("request.json")));
          assertThat(said.base().directory().resolve("config.json")).hasContent("{}");
          assertThat(said.seed()).isEqualTo(7);
          assertThat(job.request.path("entrypoint").asString(""))
              .isEqualTo(
                  "'python' -m graft_ray.on_ray --run '%s' --workers 1 --patience 60"
                      .formatted(run));
          write(run.resolve("checkpoints/step-00000002/checkpoint.json"), "kept");
          String checkpoint =
              "{\"type\":\"checkpoint\",\"step\":2,\"directory\":\"/etc\"}\nnonsense\n"
                  + "{\"type\":\"checkpoint\",\"step\":1,\"directory\":\"gone\"}\n";
          write(run.resolve("events.jsonl"), EVALUATING + checkpoint);
          ending(0).accept(job);
        });
    Trainer trainer = trainer(1);
    assertThat(follow(trainer)).isZero();
    Path checkpoint = request.directories().checkpoints().resolve("step-00000002");
    assertThat(events)
        .containsExactly(
            new TrainingEvent.Evaluating(0),
            new TrainingEvent.Checkpoint(2, checkpoint.toString()),
            new TrainingEvent.Evaluating(0));
    assertThat(checkpoint.resolve("checkpoint.json")).hasContent("kept");
    assertThat(request.directories().output().resolve("adapter_model.safetensors"))
        .hasContent("weights");
    trainer.close();
    awaitThat(() -> list(directory.resolve("shared/runs")).isEmpty());
  }

  @Test
  void aLinkInTheResultIsNotFollowed() throws Exception {
    Path secret = Files.writeString(directory.resolve("secret"), "secret");
    ray.onSubmission(
        job -> {
          link(job.directory().resolve("result/README.md"), secret);
          link(job.directory().resolve("result/more"), directory);
          ending(0).accept(job);
        });
    assertThat(follow(trainer(1))).isZero();
    assertThat(list(request.directories().output())).containsExactly("adapter_model.safetensors");
  }

  @Test
  void directivesReachTheRunAndItsStatusIsTheTrainers() throws Exception {
    Trainer trainer = trainer(1);
    ray.onSubmission(
        job -> {
          trainer.send(TrainerDirective.CHECKPOINT);
          trainer.send(TrainerDirective.STOP_AFTER_CHECKPOINT);
          Path directives = job.directory().resolve("directives.jsonl");
          Thread.ofVirtual()
              .start(
                  () -> {
                    awaitThat(() -> Files.exists(directives) && read(directives).contains("stop_"));
                    ending(10).accept(job);
                  });
        });
    assertThat(follow(trainer)).isEqualTo(10);
  }

  @Test
  void aJobThatDiesWithoutAWordIsALostWorkerWithItsReasonInTheLog() throws Exception {
    ray.onSubmission(job -> job.ends("FAILED", "Job entrypoint command failed with exit code 1"));
    assertThat(follow(trainer(1))).isEqualTo(137);
    assertThat(directory.resolve("errors.log"))
        .content()
        .contains("FAILED: Job entrypoint command failed with exit code 1")
        .contains("ModuleNotFoundError: graft_ray");
    ray.forgetAll();
    ray.onSubmission(job -> ray.forgetAll());
    assertThat(follow(trainer(2))).isEqualTo(137);
  }

  @Test
  void anAnswerThatIsLostMakesNoSecondRun() throws Exception {
    ray.losesAnswersToSubmissions();
    List<String> begun = new ArrayList<>();
    ray.onSubmission(
        job -> {
          begun.add(job.id);
          ending(0).accept(job);
        });
    assertThat(follow(trainer(1))).isZero();
    assertThat(begun).containsExactly("graft-ftjob-1-e1");
  }

  @Test
  void aRunThatDoesNotEndByItselfIsStopped() throws Exception {
    Trainer trainer = trainer(1);
    ray.onSubmission(job -> trainer.kill());
    assertThat(follow(trainer)).isEqualTo(137);
    assertThat(ray.calls).contains("POST /api/jobs/graft-ftjob-1-e1/stop");
  }

  @Test
  void aRunThatIsToEndBeforeItBeginsIsNotSubmitted() throws Exception {
    Trainer cancelled = trainer(1);
    cancelled.send(TrainerDirective.CANCEL);
    assertThat(follow(cancelled)).isEqualTo(11);
    Trainer drained = trainer(1);
    drained.send(TrainerDirective.STOP_AFTER_CHECKPOINT);
    assertThat(follow(drained)).isEqualTo(10);
    assertThat(ray.known()).isEmpty();
  }

  @Test
  void aClusterThatDoesNotAnswerIsWaitedForAndThenGivenUp() throws Exception {
    ray.onSubmission(job -> ray.answers(502));
    assertThat(follow(trainer(1, ray.address(), Duration.ofSeconds(1)))).isEqualTo(137);
  }

  @Test
  void aClusterThatRefusesFailsTheJobInWordsForItsUser() throws Exception {
    ray.answers(400);
    assertThat(follow(trainer(1))).isEqualTo(1);
    assertThat(events)
        .singleElement()
        .isInstanceOfSatisfying(
            TrainingEvent.Failed.class,
            failed -> assertThat(failed.message()).contains("ask the operator"));
  }

  @Test
  void whatIsMissingIsSaidWithItsCure() {
    assertThatThrownBy(() -> trainer(1, null, Duration.ofSeconds(1)))
        .isInstanceOf(MachineLacks.class)
        .hasMessageContaining("set graft.worker.ray.address");
    assertThatThrownBy(() -> trainer(1, URI.create("ray://head:10001"), Duration.ofSeconds(1)))
        .isInstanceOf(MachineLacks.class);
  }

  @Test
  void aRunThatIsToEndWhileTheHeadIsAwayFindsThatInItsDirectory() throws Exception {
    Trainer trainer = trainer(1);
    ray.onSubmission(
        job -> {
          ray.answers(502);
          trainer.kill();
        });
    assertThat(follow(trainer)).isEqualTo(137);
    Path directives = directory.resolve("shared/runs/graft-ftjob-1-e1/directives.jsonl");
    assertThat(directives).content().contains("cancel");
  }
}
