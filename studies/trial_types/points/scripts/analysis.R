# Crossed mixed models of a study of best and worst, or of rankings, beside the figures that Blindsight prints. In the folder of the export:
#
#     Rscript analysis.R
#
# Needs lme4; with lmerTest the linear model has degrees of freedom (Satterthwaite), without it a normal approximation.
#
# linear   what each answer says of the difference: of best and worst +1 for the best arm and -1 for the worst, of rankings the ranks. The mean
#          is in the unit of contrasts.csv, positive for the first arm. Random intercepts for photos and people.
# by pairs only answers in which one of the two stands before the other: log odds for the first. Compare its direction and p.

suppressPackageStartupMessages(library(lme4))
with_df <- requireNamespace("lmerTest", quietly = TRUE)

# Without the apostrophe that keeps a spreadsheet from running a text as a formula.
plain <- function(text) ifelse(grepl("^'+[-=+@|%\t\r\n]", text), substring(text, 2), text)

answers <- read.csv("answers.csv", na.strings = "", fileEncoding = "UTF-8-BOM", colClasses = "character")
printed <- read.csv("contrasts.csv", na.strings = "", fileEncoding = "UTF-8-BOM",
                    colClasses = c(first = "character", second = "character"))
if (nrow(printed) == 0) stop("contrasts.csv has no rows: there are no answers yet.")

counts <- answers$status == "counted" & answers$trial == "main" & answers$participant_state != "withdrawn"
who <- printed$who[1]
if (who != "all") counts <- counts & tolower(answers$simulated) == (if (who == "simulated") "true" else "false")
if (printed$decided_by[1] == "kept") counts <- counts & is.na(answers$left_out_by)
answers <- answers[counts, ]
answers$item <- factor(answers$item)
answers$participant <- factor(answers$participant)

# What each answer gives an arm: more is better.
points <- function(arm) {
  if ("best_worst" %in% names(answers)) return((plain(answers$best) == arm) - (plain(answers$worst) == arm))
  sapply(strsplit(plain(answers$ranking), " > ", fixed = TRUE), function(groups) {
    groups <- strsplit(groups, " = ", fixed = TRUE)
    at <- which(sapply(groups, function(group) arm %in% group))
    sum(lengths(groups[seq_along(groups) > at])) + (length(groups[[at]]) - 1) / 2
  })
}

linear <- function(d) {
  data <- data.frame(d = d, item = answers$item, participant = answers$participant)
  formula <- d ~ 1 + (1 | item) + (1 | participant)
  fit <- suppressMessages(suppressWarnings(if (with_df) lmerTest::lmer(formula, data) else lmer(formula, data)))
  row <- coef(summary(fit))[1, ]
  df <- if (with_df) row[["df"]] else Inf
  half <- qt(0.975, df) * row[["Std. Error"]]
  data.frame(model = "linear", estimate = row[["Estimate"]], low = row[["Estimate"]] - half, high = row[["Estimate"]] + half,
             p = 2 * pt(-abs(row[["Estimate"]] / row[["Std. Error"]]), df), answers = nrow(data),
             note = if (isSingular(fit)) "a variance is estimated as zero" else "")
}

by_pairs <- function(d) {
  data <- data.frame(won = as.integer(d > 0), item = answers$item, participant = answers$participant)[d != 0, ]
  none <- data.frame(model = "by pairs (log odds)", estimate = NA, low = NA, high = NA, p = NA, answers = nrow(data), note = "")
  if (length(unique(data$won)) < 2) {
    none$note <- "one stands before the other every time: no odds can be fitted"
    return(none)
  }
  fit <- tryCatch(suppressMessages(suppressWarnings(
    glmer(won ~ 1 + (1 | item) + (1 | participant), data, family = binomial))), error = function(problem) problem)
  if (inherits(fit, "error")) {
    none$note <- conditionMessage(fit)
    return(none)
  }
  row <- coef(summary(fit))[1, ]
  half <- qnorm(0.975) * row[["Std. Error"]]
  data.frame(model = "by pairs (log odds)", estimate = row[["Estimate"]], low = row[["Estimate"]] - half,
             high = row[["Estimate"]] + half, p = row[["Pr(>|z|)"]], answers = nrow(data),
             note = if (isSingular(fit)) "a variance is estimated as zero" else "")
}

beside <- function(contrast) {
  d <- points(plain(contrast$first)) - points(plain(contrast$second))
  ours <- data.frame(model = "printed", estimate = contrast$estimate, low = contrast$low, high = contrast$high, p = contrast$p,
                     answers = nrow(answers), note = "")
  cbind(first = contrast$first, second = contrast$second, rbind(ours, linear(d), by_pairs(d)))
}

table <- do.call(rbind, lapply(seq_len(nrow(printed)), function(row) beside(printed[row, ])))
options(width = 200)
print(table, digits = 4, row.names = FALSE)
write.csv(table, "mixed-models.csv", row.names = FALSE, na = "")
cat("\nlme4", as.character(packageVersion("lme4")), "-", nrow(answers), "answers,", who, "\n")
