package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.context.support.AbstractApplicationContext;
import org.springframework.context.support.DefaultLifecycleProcessor;
import org.springframework.context.support.GenericApplicationContext;

@Timeout(60)
class LoopThreadsTests {
  private final CountDownLatch ending = new CountDownLatch(1);
  private final CountDownLatch contextGone = new CountDownLatch(1);
  private final AtomicBoolean cutOff = new AtomicBoolean();

  /** A loop that takes far longer than Spring's limit, unless it hears that it was cut off. */
  private void loop() {
    try {
      ending.await();
      cutOff.set(contextGone.await(500, TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aShutdownWaitsForAwaitedThreadsAsLongAsTheyTake() {
    close(
        LoopThreads.awaited(
            List.of(this::loop), Thread.ofPlatform(), threads -> ending.countDown()));
    assertThat(cutOff).isFalse();
  }

  private void close(LoopThreads threads) {
    GenericApplicationContext context = new GenericApplicationContext();
    context.registerBean("threads", LoopThreads.class, () -> threads);
    context.registerBean(
        AbstractApplicationContext.LIFECYCLE_PROCESSOR_BEAN_NAME,
        DefaultLifecycleProcessor.class,
        () -> {
          DefaultLifecycleProcessor processor = new DefaultLifecycleProcessor();
          processor.setTimeoutPerShutdownPhase(1);
          return processor;
        });
    context.registerBean(
        "database",
        AutoCloseable.class,
        () -> contextGone::countDown,
        d -> d.setDestroyMethodName("close"));
    context.refresh();
    context.close();
  }
}
