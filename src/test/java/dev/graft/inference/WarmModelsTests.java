package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.Digest;
import dev.graft.inference.child.Ask;
import dev.graft.inference.child.Parrot;
import dev.graft.inference.child.Reply;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Real processes, with a model that parrots. */
class WarmModelsTests {
  private static final Digest BASE = new Digest("a".repeat(64));
  private static final Digest OTHER_BASE = new Digest("b".repeat(64));
  private static final Path DIRECTORY = Path.of("/models/parrot");

  private WarmModels models = warm(1, 1, Duration.ofMinutes(10), Duration.ofSeconds(30));

  @AfterEach
  void end() {
    models.close();
  }

  @Test
  void oneProcessAnswersManyChats() throws Exception {
    assertThat(say(BASE, "first")).isEqualTo(new Reply.Answer(1, "first", 5, 5, true));
    List<Long> before = models.processes();
    assertThat(say(BASE, "second")).isEqualTo(new Reply.Answer(1, "second", 6, 6, true));
    assertThat(models.processes()).isEqualTo(before).hasSize(1);
  }

  @Test
  void aCrashCostsOneChatAndTheNextGetsANewProcess() throws Exception {
    assertThatThrownBy(() -> say(BASE, "die"))
        .isInstanceOf(InferrerLost.class)
        .hasMessageContaining("ended with status 9");
    assertThat(say(BASE, "again")).isInstanceOf(Reply.Answer.class);
  }

  @Test
  void anAnswerThatNeverComesIsGivenUpAndItsProcessEnded() {
    models.close();
    models = warm(1, 1, Duration.ofMinutes(10), Duration.ofMillis(300));
    assertThatThrownBy(() -> say(BASE, "hang")).isInstanceOf(InferrerLost.class);
    await().until(() -> models.processes().isEmpty());
  }

  @Test
  void aFullQueueIsRefusedAtOnce() throws Exception {
    say(BASE, "warm up");
    Thread answering = Thread.startVirtualThread(() -> sayQuietly(BASE, "hang"));
    Thread waiting = Thread.startVirtualThread(() -> sayQuietly(BASE, "waits"));
    await().until(() -> models.users(BASE) == 2);
    assertThatThrownBy(() -> say(BASE, "one too many")).isInstanceOf(NoCapacity.class);
    models.close();
    answering.join();
    waiting.join();
  }

  @Test
  void anIdleBaseMakesRoomForAnotherButABusyOneDoesNot() throws Exception {
    say(BASE, "first");
    assertThat(say(OTHER_BASE, "second")).isInstanceOf(Reply.Answer.class);
    await().until(() -> models.processes().size() == 1);
    Thread answering = Thread.startVirtualThread(() -> sayQuietly(OTHER_BASE, "hang"));
    await().until(() -> models.users(OTHER_BASE) == 1);
    assertThatThrownBy(() -> say(BASE, "no room")).isInstanceOf(NoCapacity.class);
    models.close();
    answering.join();
  }

  @Test
  void anIdleBaseIsUnloadedAfterAWhile() throws Exception {
    models.close();
    models = warm(1, 1, Duration.ofMillis(100), Duration.ofSeconds(30));
    say(BASE, "hello");
    await().until(() -> models.processes().isEmpty());
  }

  private Reply say(Digest base, String content) throws Exception {
    return models.ask(
        base,
        DIRECTORY,
        new Ask(1, null, List.of(new Ask.Turn("user", content)), null, 20, List.of()));
  }

  private void sayQuietly(Digest base, String content) {
    try {
      say(base, content);
    } catch (Exception expected) {
      // The test ends the process under it.
    }
  }

  private static WarmModels warm(int loaded, int waiting, Duration idle, Duration answer) {
    return new WarmModels(
        new InferenceProperties(
            loaded, waiting, idle, Duration.ofMinutes(1), answer, 512, "64m", DIRECTORY),
        directory ->
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                Parrot.class.getName(),
                directory.toString()));
  }
}
