package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.Concurrent;
import dev.graft.ReachableClassPath;
import dev.graft.platform.ChildConfinement;
import dev.graft.platform.ChildJvm;
import dev.graft.platform.Children;
import dev.graft.platform.Children.ChildrenProperties;
import dev.graft.platform.Children.ChildrenProperties.Network;
import dev.graft.training.RunRequest;
import dev.graft.training.TrainerDirective;
import dev.graft.training.TrainerExit;
import dev.graft.training.TrainingEvent;
import dev.graft.worker.TrainerCommandLine.TrainerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

@Concurrent
class TrainerProcessTests {
  @TempDir Path directory;

  private final CopyOnWriteArrayList<TrainingEvent> events = new CopyOnWriteArrayList<>();

  @Test
  void trainingWithoutAServerHasTheSameAllocator() throws IOException {
    for (String launcher : List.of("bin/graft", "docker/graft")) {
      String script = Files.readString(Path.of(launcher));
      TrainerCommandLine.ENVIRONMENT.forEach(
          (name, value) -> {
            if (!name.startsWith("MALLOC_")) return;
            assertThat(script).as(launcher).contains("%1$s=${%1$s:-%2$s}".formatted(name, value));
          });
    }
  }

  @Test
  void runIsFollowedToItsEnd() throws Exception {
    TrainerProcess trainer = start();
    int status = trainer.follow(request("{\"steps\":3,\"save_steps\":2}"), events::add);
    assertThat(TrainerExit.of(status)).isEqualTo(TrainerExit.DONE);
    assertThat(events.getFirst()).isInstanceOf(TrainingEvent.Started.class);
    assertThat(events.getLast()).isInstanceOf(TrainingEvent.Completed.class);
    assertThat(directory.resolve("result/adapter_model.safetensors"))
        .hasContent(FakeTrainer.result(42, "data", 3));
  }

  @Test
  void trainerSeesTheGpuOfItsDeviceAsTheFirst() throws Exception {
    Path seen = directory.resolve("seen");
    TrainerCommandLine shell =
        new TrainerCommandLine(
            List.of("sh", "-c", "echo $MALLOC_TOP_PAD_ $CUDA_VISIBLE_DEVICES >\"$0\"", seen + ""));
    TrainerCommandLine gpu = shell.with(Map.of("CUDA_VISIBLE_DEVICES", "MIG-1"));
    TrainerProcess trainer = TrainerProcess.start(gpu, directory, directory.resolve("errors.log"));
    trainer.follow(request("{}"), events::add);
    assertThat(seen).hasContent("268435456 MIG-1");
    assertThat(TrainerCommandLine.device("cuda:3")).isEqualTo("cuda:0");
    assertThat(TrainerCommandLine.device("cpu")).isEqualTo("cpu");
  }

  @Test
  void directivesReachARunningTrainer() throws Exception {
    TrainerProcess trainer = start();
    int status =
        trainer.follow(
            request("{\"steps\":100000,\"step_ms\":5}"),
            event -> {
              if (event instanceof TrainingEvent.Progress p && p.step() == 3) {
                trainer.send(TrainerDirective.STOP_AFTER_CHECKPOINT);
              }
              events.add(event);
            });
    assertThat(TrainerExit.of(status)).isEqualTo(TrainerExit.STOPPED_AFTER_CHECKPOINT);
    assertThat(events.getLast()).isInstanceOf(TrainingEvent.Checkpoint.class);
  }

  @Test
  void aTrainerThatHangsTellsWhereItWas() throws Exception {
    TrainerProcess trainer = start();
    trainer.follow(
        request("{\"steps\":9,\"hang_at\":3}"),
        event -> {
          if (event instanceof TrainingEvent.Progress p && p.step() == 2) {
            trainer.dumpThreads();
            trainer.kill();
          }
        });
    assertThat(RunEnd.TrainerErrors.loggable(directory.resolve("errors.log")))
        .startsWith("\"main\"")
        .contains("FakeTrainer.train(");
  }

  @Test
  void trainerDiesWithAWorkerThatIsKilled() throws Exception {
    ReachableClassPath.opened(directory);
    Path program = ReachableClassPath.opened(Files.createDirectory(directory.resolve("program")));
    Process worker =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                ReachableClassPath.in(program),
                Holder.class.getName(),
                Files.createDirectory(directory.resolve("run")).toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    long pid = Long.parseLong(worker.inputReader().readLine());
    ProcessHandle trainer = ProcessHandle.of(pid).orElseThrow();
    assertThat(trainer.isAlive()).isTrue();
    boolean root = "root".equals(System.getProperty("user.name"));
    Object user = Files.getAttribute(Path.of("/proc", Long.toString(pid)), "unix:uid");
    if (root) assertThat(user).isEqualTo(65531);
    worker.destroyForcibly().waitFor();
    await().atMost(Duration.ofSeconds(5)).until(() -> !trainer.isAlive());
  }

  /** A worker that starts a trainer, says its process id and hangs. */
  static final class Holder {
    public static void main(String[] arguments) throws Exception {
      Path directory = Path.of(arguments[0]);
      ChildrenProperties byDefault = new ChildrenProperties("65531", Network.NONE);
      TrainerProcess trainer =
          start(directory, new ChildConfinement(byDefault, directory).within(directory));
      trainer.follow(
          request(directory, "{\"steps\":100000,\"step_ms\":20}"),
          event -> {
            if (event instanceof TrainingEvent.Progress p && p.step() == 1) {
              System.out.println(trainer.process().pid());
            }
          });
    }
  }

  private TrainerProcess start() throws IOException {
    return start(directory, Children.AS_GRAFT);
  }

  private static TrainerProcess start(Path directory, Children children) throws IOException {
    TrainerCommandLine commandLine =
        new TrainerCommandLine(
            ChildJvm.of(
                "64m",
                List.of("-cp", System.getProperty("java.class.path"), FakeTrainer.class.getName())),
            Map.of(),
            children);
    return TrainerProcess.start(commandLine, directory, directory.resolve("errors.log"));
  }

  private RunRequest request(String plan) throws IOException {
    return request(directory, plan);
  }

  private static RunRequest request(Path directory, String plan) throws IOException {
    Path data = Files.writeString(directory.resolve("data.jsonl"), "data");
    return new RunRequest(
        JsonMapper.shared().readTree(plan),
        42,
        new RunRequest.Base(directory, "base"),
        new RunRequest.Data(data, null),
        new RunRequest.Directories(
            directory.resolve("result"),
            Files.createDirectories(directory.resolve("checkpoints")),
            null),
        null,
        new RunRequest.Machine("cpu", 1));
  }
}
