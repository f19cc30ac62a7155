# Crossed mixed models of a rating study, beside the figures that Blindsight prints. In the folder of the export:
#
#     Rscript analysis.R
#
# Needs lme4 and ordinal; with lmerTest the linear model has degrees of freedom (Satterthwaite), without it a normal approximation.
#
# linear   the ratings as numbers, positive for the first arm: the mean, in the unit of contrasts.csv. Random intercepts for
#          photos and people.
# ordinal  the five steps as they were shown, cumulative logit: what it does to the answer that the first arm stands on the
#          left, as log odds; the thresholds take up a liking for one side. Photos and people differ in that effect.

suppressPackageStartupMessages({library(lme4); library(ordinal)})
with_df <- requireNamespace("lmerTest", quietly = TRUE)

answers <- read.csv("answers.csv", na.strings = "", fileEncoding = "UTF-8-BOM", colClasses = "character")
printed <- read.csv("contrasts.csv", na.strings = "", fileEncoding = "UTF-8-BOM",
                    colClasses = c(first = "character", second = "character"))
if (nrow(printed) == 0) stop("contrasts.csv has no rows: there are no answers yet.")

counts <- answers$status == "counted" & answers$trial == "main" & answers$participant_state != "withdrawn"
who <- printed$who[1]
if (who != "all") counts <- counts & tolower(answers$simulated) == (if (who == "simulated") "true" else "false")
if (printed$decided_by[1] == "kept") counts <- counts & is.na(answers$left_out_by)
answers <- answers[counts, ]
answers$rating <- as.integer(answers$rating)
answers$item <- factor(answers$item)
answers$participant <- factor(answers$participant)
first <- printed$first[1]

linear <- function() {
  formula <- rating ~ 1 + (1 | item) + (1 | participant)
  fit <- suppressMessages(suppressWarnings(if (with_df) lmerTest::lmer(formula, answers) else lmer(formula, answers)))
  row <- coef(summary(fit))[1, ]
  df <- if (with_df) row[["df"]] else Inf
  half <- qt(0.975, df) * row[["Std. Error"]]
  data.frame(model = "linear", estimate = row[["Estimate"]], low = row[["Estimate"]] - half, high = row[["Estimate"]] + half,
             p = 2 * pt(-abs(row[["Estimate"]] / row[["Std. Error"]]), df), answers = nrow(answers),
             note = if (isSingular(fit)) "a variance is estimated as zero" else "")
}

by_ordinal <- function() {
  data <- answers[!is.na(answers$order), ] # an answer collected elsewhere has no order
  none <- data.frame(model = "ordinal (log odds)", estimate = NA, low = NA, high = NA, p = NA, answers = nrow(data), note = "")
  if (nrow(data) == 0 || length(unique(data$rating)) < 2) {
    none$note <- "no answer has an order, or all are alike: nothing can be fitted"
    return(none)
  }
  left <- startsWith(data$order, paste0(first, " > "))
  data$side <- ifelse(left, 0.5, -0.5)
  data$shown <- factor(ifelse(left, data$rating, -data$rating), ordered = TRUE)
  fit <- tryCatch(suppressWarnings(clmm(shown ~ side + (0 + side | item) + (0 + side | participant), data)),
                  error = function(problem) problem)
  if (inherits(fit, "error")) {
    none$note <- conditionMessage(fit)
    return(none)
  }
  row <- coef(summary(fit))["side", ]
  half <- qnorm(0.975) * row[["Std. Error"]]
  data.frame(model = "ordinal (log odds)", estimate = row[["Estimate"]], low = row[["Estimate"]] - half,
             high = row[["Estimate"]] + half, p = row[["Pr(>|z|)"]], answers = nrow(data), note = "")
}

ours <- data.frame(model = "printed", estimate = printed$estimate[1], low = printed$low[1], high = printed$high[1],
                   p = printed$p[1], answers = nrow(answers), note = "")
table <- cbind(first = first, second = printed$second[1], rbind(ours, linear(), by_ordinal()))
options(width = 200)
print(table, digits = 4, row.names = FALSE)
write.csv(table, "mixed-models.csv", row.names = FALSE, na = "")
cat("\nlme4", as.character(packageVersion("lme4")), "- ordinal", as.character(packageVersion("ordinal")), "-", nrow(answers),
    "answers,", who, "\n")
