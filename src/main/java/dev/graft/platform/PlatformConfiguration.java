package dev.graft.platform;

import java.time.Clock;
import org.springframework.boot.jackson.autoconfigure.JsonMapperBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;
import tools.jackson.core.StreamReadFeature;

/** The beans that every role has. */
@Configuration
@EnableScheduling
class PlatformConfiguration {
  /** The only wall clock of the process. */
  @Bean
  Clock clock() {
    return Clock.systemUTC();
  }

  @Bean
  Ids ids(Clock clock) {
    return new Ids(clock);
  }

  /** Of two values for one key the reader cannot know which is meant. */
  @Bean
  JsonMapperBuilderCustomizer refuseKeysGivenTwice() {
    return builder -> builder.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION);
  }
}
