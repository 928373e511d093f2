package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.graft.Concurrent;
import dev.graft.TestProgram;
import dev.graft.artifacts.Digest;
import dev.graft.model.Sampling;
import dev.graft.platform.Children;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Real processes, with a model that parrots. */
@Concurrent
class WarmModelsTests {
  private static final Digest BASE = new Digest("a".repeat(64));
  private static final Digest OTHER_BASE = new Digest("b".repeat(64));
  private static final Digest ADAPTER = new Digest("c".repeat(64));
  private static final Path DIRECTORY = Path.of("/models/parrot");

  private final AtomicLong asks = new AtomicLong();
  private final List<Digest> held = new CopyOnWriteArrayList<>();
  private final List<Digest> heldThen = new CopyOnWriteArrayList<>();
  private WarmModels models = warm(1, 1, Duration.ofMinutes(10), Duration.ofSeconds(30));

  @AfterEach
  void end() {
    models.close();
  }

  @Test
  void oneProcessAnswersManyChats() throws Exception {
    assertThat(say(BASE, "first")).isEqualTo("first");
    List<Long> before = models.processes();
    assertThat(say(BASE, "second")).isEqualTo("second");
    assertThat(models.processes()).isEqualTo(before).hasSize(1);
  }

  @Test
  void aCrashCostsOneChatAndTheNextGetsANewProcess() throws Exception {
    assertThatThrownBy(() -> say(BASE, "die"))
        .isInstanceOf(Inferrer.InferrerLost.class)
        .hasMessageContaining("ended with status 9");
    assertThat(say(BASE, "again")).isEqualTo("again");
  }

  @Test
  void anAnswerThatNeverComesIsGivenUpAndItsProcessEnded() {
    models.close();
    models = warm(1, 1, Duration.ofMinutes(10), Duration.ofMillis(300));
    assertThatThrownBy(() -> say(BASE, "hang")).isInstanceOf(Inferrer.InferrerLost.class);
    await().until(() -> models.processes().isEmpty());
  }

  @Test
  void aCallerWhoLeavesCancelsTheAnswerAndTheProcessStaysWarm() throws Exception {
    say(BASE, "warm up");
    List<Long> before = models.processes();
    CountDownLatch heard = new CountDownLatch(1);
    Thread leaving = Thread.startVirtualThread(() -> listenQuietly("forever", heard));
    heard.await();
    leaving.interrupt();
    leaving.join();
    assertThat(say(BASE, "next")).isEqualTo("next");
    assertThat(models.processes()).isEqualTo(before);
  }

  @Test
  void aCallerWhoLeavesTheQueueIsForgotten() throws Exception {
    say(BASE, "warm up");
    Thread answering = Thread.startVirtualThread(() -> sayQuietly(BASE, "hang"));
    Thread waiting = Thread.startVirtualThread(() -> sayQuietly(BASE, "hang"));
    await().until(() -> models.users(BASE) == 2);
    waiting.interrupt();
    await().until(() -> models.users(BASE) == 1);
    answering.interrupt();
    answering.join();
    assertThat(say(BASE, "again")).isEqualTo("again");
  }

  @Test
  void aFullQueueIsRefusedAtOnce() throws Exception {
    say(BASE, "warm up");
    Thread answering = Thread.startVirtualThread(() -> sayQuietly(BASE, "hang"));
    Thread waiting = Thread.startVirtualThread(() -> sayQuietly(BASE, "hang"));
    await().until(() -> models.users(BASE) == 2);
    assertThatThrownBy(() -> say(BASE, "one too many")).isInstanceOf(Inferrer.NoCapacity.class);
    models.close();
    answering.join();
    waiting.join();
  }

  @Test
  void oneDepartmentCannotTakeAllPlaces() throws Exception {
    models.close();
    models = warm(1, 5, Duration.ofMinutes(10), Duration.ofSeconds(30));
    say(BASE, "warm up");
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      threads.add(Thread.startVirtualThread(() -> sayQuietly(BASE, "hang")));
    }
    await().until(() -> models.users(BASE) == 3);
    assertThatThrownBy(() -> say(BASE, "one too many"))
        .isInstanceOfSatisfying(
            Inferrer.NoCapacity.class,
            full -> {
              assertThat(full.why()).isEqualTo("your department has 3 chats with this model");
              assertThat(full.retryAfter()).isPositive();
            });
    threads.add(Thread.startVirtualThread(() -> sayQuietly("legal", BASE, "hang")));
    await().until(() -> models.users(BASE) == 4);
    models.close();
    for (Thread each : threads) each.join();
  }

  @Test
  void theFilesOfABaseAreHeldWhileItIsLoadedAndThoseOfAnAdapterWhileItAnswers() throws Exception {
    say(BASE, "hello");
    assertThat(held).containsExactly(BASE);
    models.answer(
        "support",
        new ServedModel("parrot", BASE, ADAPTER),
        ask("loud"),
        p -> heldThen.addAll(held));
    assertThat(heldThen).contains(BASE, ADAPTER);
    assertThat(held).containsExactly(BASE);
    models.close();
    assertThat(held).isEmpty();
  }

  @Test
  void anIdleBaseMakesRoomForAnotherButABusyOneDoesNot() throws Exception {
    say(BASE, "first");
    assertThat(say(OTHER_BASE, "second")).isEqualTo("second");
    await().until(() -> models.processes().size() == 1);
    Thread answering = Thread.startVirtualThread(() -> sayQuietly(OTHER_BASE, "hang"));
    await().until(() -> models.users(OTHER_BASE) == 1);
    assertThatThrownBy(() -> say(BASE, "no room")).isInstanceOf(Inferrer.NoCapacity.class);
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

  private String say(Digest base, String content) throws Exception {
    return say("support", base, content);
  }

  private String say(String department, Digest base, String content) throws Exception {
    StringBuilder text = new StringBuilder();
    Reply last = models.answer(department, model(base), ask(content), p -> text.append(p.text()));
    assertThat(last).isInstanceOf(Reply.Done.class);
    return text.toString();
  }

  private static ServedModel model(Digest base) {
    return new ServedModel("parrot", base, null);
  }

  private InferrerOrder.Ask ask(String content) {
    Prompt chat = new Prompt.Conversation(List.of(new Prompt.Turn("user", content)));
    return new InferrerOrder.GenerateAsk(
        asks.incrementAndGet(),
        null,
        chat,
        1 << 20,
        new InferrerOrder.Decoding(false, null, 1, Sampling.GREEDY, List.of(), null));
  }

  private void sayQuietly(Digest base, String content) {
    sayQuietly("support", base, content);
  }

  private void sayQuietly(String department, Digest base, String content) {
    try {
      say(department, base, content);
    } catch (Exception expected) {
      // The test ends the process under it.
    }
  }

  private void listenQuietly(String content, CountDownLatch heard) {
    try {
      models.answer("support", model(BASE), ask(content), piece -> heard.countDown());
    } catch (Exception expected) {
      // The test leaves.
    }
  }

  private LocalModels holding() {
    return new LocalModels() {
      @Override
      public Held hold(Digest manifest) {
        held.add(manifest);
        return new Held(DIRECTORY, () -> held.remove(manifest));
      }

      @Override
      public void prune() {}
    };
  }

  private WarmModels warm(int loaded, int waiting, Duration idle, Duration answer) {
    return new WarmModels(
        new InferenceProperties(
            loaded,
            waiting,
            3,
            idle,
            Duration.ofMinutes(1),
            answer,
            Duration.ofMillis(500),
            512,
            "64m",
            DIRECTORY,
            Duration.ofDays(1),
            InferenceProperties.RunOn.AUTO,
            Duration.ofSeconds(2),
            false),
        holding(),
        directory -> TestProgram.of(Parrot.class, "64m", directory.model().toString()),
        Children.AS_GRAFT);
  }
}
