# Rscript mixed_models.R answers.csv found.csv: crossed mixed models of many simulated studies, one row for each study and model.
#
# answers.csv  study, item, person, y, and for ratings `side`: 0.5 where the first arm stood on the left, -0.5 on the right
# linear       y ~ 1 + (1 | item) + (1 | person), lmerTest's degrees of freedom (Satterthwaite)
# ordinal      as in the export's analysis.R: the step as it was shown, cumulative logit, photos and people differ in the effect of side

suppressPackageStartupMessages({library(lmerTest); library(ordinal)})
files <- commandArgs(trailingOnly = TRUE)
answers <- read.csv(files[1])

linear <- function(data) {
  fit <- suppressMessages(suppressWarnings(lmer(y ~ 1 + (1 | item) + (1 | person), data)))
  row <- coef(summary(fit))[1, ]
  data.frame(model = "linear", estimate = row[["Estimate"]], half = qt(0.975, row[["df"]]) * row[["Std. Error"]],
             p = row[["Pr(>|t|)"]])
}

by_ordinal <- function(data) {
  data$shown <- factor(sign(data$side) * data$y, ordered = TRUE)
  fit <- suppressWarnings(clmm(shown ~ side + (0 + side | item) + (0 + side | person), data))
  row <- coef(summary(fit))["side", ]
  data.frame(model = "ordinal", estimate = row[["Estimate"]], half = NA, p = row[["Pr(>|z|)"]])
}

of_study <- function(data) {
  data$item <- factor(data$item)
  data$person <- factor(data$person)
  rows <- linear(data)
  if (!anyNA(data$side)) rows <- rbind(rows, by_ordinal(data))
  cbind(study = data$study[1], rows)
}

write.csv(do.call(rbind, lapply(split(answers, answers$study), of_study)), files[2], row.names = FALSE)
cat(R.version.string, "lme4", as.character(packageVersion("lme4")), "lmerTest", as.character(packageVersion("lmerTest")), "ordinal",
    as.character(packageVersion("ordinal")), "\n")
