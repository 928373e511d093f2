package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.pg.GraftIT;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

@GraftIT
class IdempotencyIT {
  private static final String ROUTE = "POST /v1/things";

  @Autowired Idempotency idempotency;
  @Autowired JdbcClient sql;
  private final String caller = "proj_" + UUID.randomUUID();
  private final AtomicInteger made = new AtomicInteger();
  private final Supplier<String> work = () -> "thing-" + made.incrementAndGet();

  @Test
  void aRetryIsTheSameThingAndAFirstAttemptIsANewOne() {
    String first = idempotency.once(request("body", 0, null), work);
    assertThat(idempotency.once(request("body", 1, null), work)).isEqualTo(first);
    assertThat(idempotency.once(request("other body", 1, null), work)).isNotEqualTo(first);
    String wantedAgain = idempotency.once(request("body", 0, null), work);
    assertThat(wantedAgain).isNotEqualTo(first);
    assertThat(idempotency.once(request("body", 2, null), work)).isEqualTo(wantedAgain);
  }

  @Test
  void anotherCallersRetryIsAnotherThing() {
    String mine = idempotency.once(request("body", 0, null), work);
    IdempotentRequest theirs =
        new IdempotentRequest("proj_other", ROUTE, IdempotentRequest.hash("body"), 1, null);
    assertThat(idempotency.once(theirs, work)).isNotEqualTo(mine);
  }

  @Test
  void anIdempotencyKeyHoldsWithoutARetryCountAndForItsBodyOnly() {
    String first = idempotency.once(request("body", 0, "k1"), work);
    assertThat(idempotency.once(request("body", 0, "k1"), work)).isEqualTo(first);
    assertThat(idempotency.once(request("body", 0, "k2"), work)).isNotEqualTo(first);
    assertThatThrownBy(() -> idempotency.once(request("changed", 0, "k1"), work))
        .isInstanceOfSatisfying(
            RequestFailed.class,
            e -> assertThat(e.type()).isEqualTo(ProblemType.IDEMPOTENCY_MISMATCH));
  }

  @Test
  void aKeyIsRememberedForADayAndABodyForHalfAnHour() {
    String byKey = idempotency.once(request("body", 0, "k1"), work);
    String byBody = idempotency.once(request("body", 0, null), work);
    age("23 hours");
    assertThat(idempotency.once(request("body", 0, "k1"), work)).isEqualTo(byKey);
    assertThat(idempotency.once(request("body", 1, null), work)).isNotEqualTo(byBody);
    age("25 hours");
    assertThat(idempotency.once(request("body", 0, "k1"), work)).isNotEqualTo(byKey);
  }

  private void age(String age) {
    sql.sql("update submission set created_at = graft_now() - :age::interval where caller = :me")
        .param("age", age)
        .param("me", caller)
        .update();
    idempotency.forget();
  }

  @Test
  void aRetryWaitsForItsTwinInProgress() throws Exception {
    CountDownLatch began = new CountDownLatch(1);
    CountDownLatch finish = new CountDownLatch(1);
    var first =
        CompletableFuture.supplyAsync(
            () ->
                idempotency.once(
                    request("body", 0, null),
                    () -> {
                      began.countDown();
                      await(finish);
                      return "thing-of-the-first";
                    }));
    assertThat(began.await(20, TimeUnit.SECONDS)).isTrue();
    var retry =
        CompletableFuture.supplyAsync(() -> idempotency.once(request("body", 1, null), work));
    finish.countDown();
    assertThat(retry.get(20, TimeUnit.SECONDS)).isEqualTo("thing-of-the-first");
    assertThat(first.get(20, TimeUnit.SECONDS)).isEqualTo("thing-of-the-first");
  }

  @Test
  void workThatFailedIsNotRemembered() {
    assertThatThrownBy(
            () ->
                idempotency.once(
                    request("body", 0, null),
                    () -> {
                      throw new IllegalStateException("no");
                    }))
        .isInstanceOf(IllegalStateException.class);
    assertThat(idempotency.once(request("body", 1, null), work)).isEqualTo("thing-1");
  }

  private IdempotentRequest request(String body, int retry, @Nullable String key) {
    return new IdempotentRequest(caller, ROUTE, IdempotentRequest.hash(body), retry, key);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
