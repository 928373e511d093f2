package dev.graft.evaluation.run;

import dev.graft.evaluation.EvaluationProperties;
import dev.graft.platform.process.LoopThreads;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Settings of evaluations, and the threads that work at them. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(EvaluationProperties.class)
class EvaluationConfiguration {
  @Bean
  LoopThreads evaluationThreads(
      EvaluationLedger ledger, Evaluator evaluator, EvaluationProperties settings) {
    return EvaluationLoop.threads(ledger, evaluator, settings);
  }
}
