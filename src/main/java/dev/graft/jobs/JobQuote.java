package dev.graft.jobs;

import dev.graft.platform.UnixTime;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What a job would do, as {@code POST /v1/fine_tuning/quotes} says it. True at the moment of
 * asking; nothing is booked.
 *
 * @param adapter as it would run
 * @param resources that it would ask for
 * @param approval whether it would wait for one first
 * @param warnings what would refuse the job now, or keep it waiting; a sentence each
 */
record JobQuote(
    String object,
    String model,
    String trainingFile,
    JsonNode adapter,
    CountedRows data,
    JsonNode resources,
    Memory memory,
    Queue queue,
    Run run,
    List<Budget> budget,
    boolean approval,
    List<String> warnings) {

  /**
   * @param bytes of a device, at most; null = not known
   * @param largestDeviceBytes of the workers that are there and are what it asks for; null = none
   *     is, or it did not say
   * @param fits null = not known
   */
  record Memory(@Nullable Long bytes, @Nullable Long largestDeviceBytes, @Nullable Boolean fits) {
    static Memory of(JobNeeds needs, List<DeviceOffer> offers) {
      boolean known = needs.memoryBytes() > 0;
      OptionalLong most = NoWorkerFits.largest(needs, offers);
      Long largest = most.isPresent() ? (Long) most.getAsLong() : null;
      return new Memory(
          known ? (Long) needs.memoryBytes() : null,
          largest == null || largest == Long.MAX_VALUE ? null : largest,
          known && largest != null ? (Boolean) (needs.memoryBytes() <= largest) : null);
    }
  }

  /**
   * As a job's {@code queue}.
   *
   * @param eta when it would start, in unix seconds; null = not known
   */
  record Queue(long position, String aheadReason, String nextStep, @Nullable Long eta) {
    static Queue of(QueuePlace place) {
      return new Queue(
          place.position(),
          place.why().reason(),
          place.why().nextStep(),
          UnixTime.seconds(place.eta()));
    }
  }

  /**
   * By the speed of earlier jobs of the department with this base and method; null = there is none.
   *
   * @param seconds on a device, the model's loading and validation not counted
   */
  record Run(@Nullable Double tokensPerSecond, @Nullable Long seconds) {
    static Run of(@Nullable Double speed, CountedRows data) {
      return new Run(speed, speed == null ? null : Math.round(data.tokens() / speed));
    }
  }

  /**
   * What the department has used of its limits.
   *
   * @param limit null = none
   */
  record Budget(String name, double used, @Nullable Long limit) {}
}
