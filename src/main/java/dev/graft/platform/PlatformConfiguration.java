package dev.graft.platform;

import java.time.Clock;
import org.springframework.boot.jackson.autoconfigure.JsonMapperBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.type.LogicalType;

/** The beans that every role has. */
@EveryRole
@Configuration
@EnableScheduling
class PlatformConfiguration {
  /** The only wall clock of the process; a server's goes by the database's. */
  @Bean
  Clock clock() {
    return new AdjustedClock(Clock.systemUTC());
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

  /** A name is a string: the number 7 or the word false is a mistake, not a name. */
  @Bean
  JsonMapperBuilderCustomizer refuseStringsThatAreNone() {
    return builder ->
        builder.withCoercionConfig(
            LogicalType.Textual,
            text -> {
              text.setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail);
              text.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail);
              text.setCoercion(CoercionInputShape.Float, CoercionAction.Fail);
            });
  }
}
