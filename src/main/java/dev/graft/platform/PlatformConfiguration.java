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

/** The beans of every role. */
@EveryRole
@Configuration
@EnableScheduling
class PlatformConfiguration {
  /** The only clock of the process; on a server it follows the database's. */
  @Bean
  Clock clock() {
    return new AdjustedClock(Clock.systemUTC());
  }

  @Bean
  Ids ids(Clock clock) {
    return new Ids(clock);
  }

  /** Refuses JSON with a duplicate key, because it is unclear which value is meant. */
  @Bean
  JsonMapperBuilderCustomizer refuseDuplicateKeys() {
    return builder -> builder.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION);
  }

  /** Refuses numbers and booleans where a string is expected. */
  @Bean
  JsonMapperBuilderCustomizer refuseNonStrings() {
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
