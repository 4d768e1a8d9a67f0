"""Whom a report may cite, by the words that cite them."""

from collections.abc import Mapping

REFERENCES: Mapping[str, str] = {
    "Al Mohamad et al. 2017": "Al Mohamad, D., van Zwet, E. W., Goeman, J. J. and Solari, A. (2017). Simultaneous "
    "confidence sets for ranks using the partitioning principle – Technical report. arXiv:1708.02729",
    "Bell and McCaffrey 2002": "Bell, R. M. and McCaffrey, D. F. (2002). Bias reduction in standard errors for linear "
    "regression with multi-stage samples. Survey Methodology 28, 169–181.",
    "Bradley and Terry 1952": "Bradley, R. A. and Terry, M. E. (1952). Rank analysis of incomplete block designs: I. "
    "The method of paired comparisons. Biometrika 39, 324–345. doi:10.2307/2334029",
    "Cameron, Gelbach and Miller 2011": "Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2011). Robust inference "
    "with multiway clustering. Journal of Business & Economic Statistics 29, 238–249. doi:10.1198/jbes.2010.07136",
    "Davidson 1970": "Davidson, R. R. (1970). On extending the Bradley-Terry model to accommodate ties in paired "
    "comparison experiments. Journal of the American Statistical Association 65, 317–328. "
    "doi:10.1080/01621459.1970.10481082",
    "Davidson and Beaver 1977": "Davidson, R. R. and Beaver, R. J. (1977). On extending the Bradley-Terry model to "
    "incorporate within-pair order effects. Biometrics 33, 693–702. doi:10.2307/2529467",
    "Ford 1957": "Ford, L. R. (1957). Solution of a ranking problem from binary comparisons. The American "
    "Mathematical Monthly 64, 28–33. doi:10.2307/2308513",
    "Hesterberg 2015": "Hesterberg, T. C. (2015). What teachers should know about the bootstrap: "
    "Resampling in the undergraduate statistics curriculum. The American Statistician 69, 371–386. "
    "doi:10.1080/00031305.2015.1089789",
    "Holm 1979": "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of "
    "Statistics 6, 65–70.",
    "Ignatov et al. 2017": "Ignatov, A., Kobyshev, N., Timofte, R., Vanhoey, K. and Van Gool, L. (2017). DSLR-quality "
    "photos on mobile devices with deep convolutional networks. ICCV, 3297–3305. doi:10.1109/ICCV.2017.355",
    "Immerkær 1996": "Immerkær, J. (1996). Fast noise variance estimation. Computer Vision and Image Understanding "
    "64, 300–302. doi:10.1006/cviu.1996.0060",
    "Imbens and Kolesár 2016": "Imbens, G. W. and Kolesár, M. (2016). Robust standard errors in small samples: Some "
    "practical advice. The Review of Economics and Statistics 98, 701–712. doi:10.1162/REST_a_00552",
    "Kendall 1945": "Kendall, M. G. (1945). The treatment of ties in ranking problems. Biometrika 33, 239–251. "
    "doi:10.1093/biomet/33.3.239",
    "Kendall and Babington Smith 1940": "Kendall, M. G. and Babington Smith, B. (1940). On the method of paired "
    "comparisons. Biometrika 31, 324–345. doi:10.1093/biomet/31.3-4.324",
    "Kline and Santos 2012": "Kline, P. and Santos, A. (2012). A score based approach to wild bootstrap inference. "
    "Journal of Econometric Methods 1, 23–41. doi:10.1515/2156-6674.1006",
    "Liang and Zeger 1986": "Liang, K.-Y. and Zeger, S. L. (1986). Longitudinal data analysis using generalized "
    "linear models. Biometrika 73, 13–22. doi:10.1093/biomet/73.1.13",
    "McLachlan 1987": "McLachlan, G. J. (1987). On bootstrapping the likelihood ratio test statistic for the number "
    "of components in a normal mixture. Applied Statistics 36, 318–324. doi:10.2307/2347790",
    "Perez-Ortiz and Mantiuk 2017": "Perez-Ortiz, M. and Mantiuk, R. K. (2017). A practical guide and software for "
    "analysing pairwise comparison experiments. arXiv:1712.03686",
    "Piepho 2004": "Piepho, H.-P. (2004). An algorithm for a letter-based representation of all-pairwise comparisons. "
    "Journal of Computational and Graphical Statistics 13, 456–466. doi:10.1198/1061860043515",
    "Schuirmann 1987": "Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and the power "
    "approach for assessing the equivalence of average bioavailability. Journal of Pharmacokinetics and "
    "Biopharmaceutics 15, 657–680. doi:10.1007/BF01068419",
    "Schwarz 1978": "Schwarz, G. (1978). Estimating the dimension of a model. The Annals of Statistics 6, 461–464. "
    "doi:10.1214/aos/1176344136",
    "Sharma, Wu and Dalal 2005": "Sharma, G., Wu, W. and Dalal, E. N. (2005). The CIEDE2000 color-difference formula: "
    "Implementation notes, supplementary test data, and mathematical observations. Color Research and "
    "Application 30, 21–30. doi:10.1002/col.20070",
    "Tversky and Russo 1969": "Tversky, A. and Russo, J. E. (1969). Substitutability and similarity in binary "
    "choices. Journal of Mathematical Psychology 6, 1–12. doi:10.1016/0022-2496(69)90027-3",
    "Wang et al. 2003": "Wang, Z., Simoncelli, E. P. and Bovik, A. C. (2003). Multiscale structural similarity for "
    "image quality assessment. Asilomar Conference, 1398–1402. doi:10.1109/ACSSC.2003.1292216",
    "Wang et al. 2004": "Wang, Z., Bovik, A. C., Sheikh, H. R. and Simoncelli, E. P. (2004). Image quality "
    "assessment: from error visibility to structural similarity. IEEE Transactions on Image Processing 13, 600–612. "
    "doi:10.1109/TIP.2003.819861",
}
