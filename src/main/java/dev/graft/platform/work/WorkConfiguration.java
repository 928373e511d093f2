package dev.graft.platform.work;

import dev.graft.platform.LoopThreads;
import java.util.List;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The loops of all kinds of work. */
@Configuration(proxyBeanMethods = false)
class WorkConfiguration {
  @Bean
  LoopThreads workThreads(LeasedWork work, List<WorkKind> kinds) {
    return WorkLoop.threads(work, kinds);
  }
}
