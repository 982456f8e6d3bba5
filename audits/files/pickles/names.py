"""Which names a pickle may import: a list of what is known to be harmless. What is not on it is unknown, not safe."""

from __future__ import annotations

import _compat_pickle
from collections.abc import Iterator
from typing import Any

from audits.files.pickles.symbols import Global

ALLOWED, LIBRARY, UNKNOWN, DANGEROUS = "allowed", "library", "unknown", "dangerous"


def _listed(text: str) -> Iterator[tuple[str, str]]:
    for line in text.strip().splitlines():
        module, *names = line.split()
        for name in names:
            yield module, name


# Constructors of plain values, and functions that put together an array or a tensor from its bytes.
_ALLOWED = frozenset(
    _listed(
        """
        builtins object set frozenset slice range complex bytearray bytes dict list tuple int float str bool
        builtins Ellipsis NotImplemented
        collections OrderedDict defaultdict deque Counter
        copyreg _reconstructor
        _codecs encode
        datetime date datetime time timedelta timezone
        decimal Decimal
        fractions Fraction
        uuid UUID
        argparse Namespace
        types SimpleNamespace
        numpy ndarray dtype matrix bool bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 intc uintc longlong
        numpy float16 float32 float64 longdouble complex64 complex128 str_ bytes_ datetime64 timedelta64
        numpy.core.multiarray _reconstruct scalar
        numpy._core.multiarray _reconstruct scalar
        numpy.core.numeric _frombuffer
        numpy._core.numeric _frombuffer
        numpy.ma MaskedArray
        numpy.ma.core MaskedArray _mareconstruct
        numpy.dtypes Float16DType Float32DType Float64DType Int8DType Int16DType Int32DType Int64DType UInt8DType
        numpy.dtypes BoolDType StrDType ObjectDType
        numpy.random._pickle __randomstate_ctor __generator_ctor __bit_generator_ctor
        numpy.random._mt19937 MT19937
        numpy.random._pcg64 PCG64
        numpy.random.bit_generator SeedSequence __pyx_unpickle_SeedSequence
        joblib.numpy_pickle NumpyArrayWrapper
        scipy.sparse._csr csr_matrix csr_array
        scipy.sparse._csc csc_matrix csc_array
        scipy.sparse._coo coo_matrix coo_array
        scipy.sparse.csr csr_matrix
        scipy.sparse.csc csc_matrix
        torch Size device FloatStorage DoubleStorage HalfStorage BFloat16Storage LongStorage IntStorage ShortStorage
        torch CharStorage ByteStorage BoolStorage ComplexFloatStorage ComplexDoubleStorage QInt8Storage QUInt8Storage
        torch QInt32Storage QUInt4x2Storage QUInt2x4Storage
        torch float32 float64 float16 bfloat16 int8 int16 int32 int64 uint8 bool complex64 complex128
        torch float8_e4m3fn float8_e5m2 per_tensor_affine per_channel_affine qint8 quint8 qint32
        torch.storage UntypedStorage TypedStorage
        torch._utils _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter _rebuild_qtensor
        torch._utils _rebuild_parameter_with_state _rebuild_sparse_tensor _rebuild_meta_tensor_no_storage
        torch._utils _rebuild_nested_tensor
        torch.nn.parameter Parameter Buffer
        torch.serialization _get_layout
        torch.jit._pickle build_intlist build_doublelist build_boollist build_tensorlist restore_type_tag
        """
    )
)

# Classes of scikit-learn (1.9 and the places where older versions had them). Loading them runs their code with the
# pickle's state: harmless as far as is known, and still a pickle.
_LIBRARY = frozenset(
    _listed(
        """
        sklearn.base BaseEstimator
        sklearn.calibration CalibratedClassifierCV _CalibratedClassifier _SigmoidCalibration
        sklearn.cluster._agglomerative AgglomerativeClustering FeatureAgglomeration
        sklearn.cluster._dbscan DBSCAN
        sklearn.cluster._kmeans KMeans MiniBatchKMeans
        sklearn.cluster._mean_shift MeanShift
        sklearn.compose._column_transformer ColumnTransformer _RemainderColsList
        sklearn.compose._target TransformedTargetRegressor
        sklearn.covariance._elliptic_envelope EllipticEnvelope
        sklearn.covariance._empirical_covariance EmpiricalCovariance
        sklearn.covariance._shrunk_covariance LedoitWolf OAS ShrunkCovariance
        sklearn.cross_decomposition._pls CCA PLSCanonical PLSRegression PLSSVD
        sklearn.decomposition._factor_analysis FactorAnalysis
        sklearn.decomposition._fastica FastICA
        sklearn.decomposition._incremental_pca IncrementalPCA
        sklearn.decomposition._kernel_pca KernelPCA
        sklearn.decomposition._lda LatentDirichletAllocation
        sklearn.decomposition._nmf MiniBatchNMF NMF
        sklearn.decomposition._pca PCA
        sklearn.decomposition._truncated_svd TruncatedSVD
        sklearn.discriminant_analysis LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis
        sklearn.dummy DummyClassifier DummyRegressor
        sklearn.ensemble._bagging BaggingClassifier BaggingRegressor
        sklearn.ensemble._forest ExtraTreesClassifier ExtraTreesRegressor RandomForestClassifier RandomForestRegressor
        sklearn.ensemble._forest RandomTreesEmbedding
        sklearn.ensemble._gb GradientBoostingClassifier GradientBoostingRegressor
        sklearn.ensemble._hist_gradient_boosting.binning _BinMapper
        sklearn.ensemble._hist_gradient_boosting.gradient_boosting HistGradientBoostingClassifier
        sklearn.ensemble._hist_gradient_boosting.gradient_boosting HistGradientBoostingRegressor
        sklearn.ensemble._hist_gradient_boosting.predictor TreePredictor
        sklearn.ensemble._iforest IsolationForest
        sklearn.ensemble._stacking StackingClassifier StackingRegressor
        sklearn.ensemble._voting VotingClassifier VotingRegressor
        sklearn.ensemble._weight_boosting AdaBoostClassifier AdaBoostRegressor
        sklearn.feature_extraction._dict_vectorizer DictVectorizer
        sklearn.feature_extraction._hash FeatureHasher
        sklearn.feature_extraction.text CountVectorizer HashingVectorizer TfidfTransformer TfidfVectorizer
        sklearn.feature_selection._from_model SelectFromModel
        sklearn.feature_selection._rfe RFE RFECV
        sklearn.feature_selection._univariate_selection GenericUnivariateSelect SelectFdr SelectFpr SelectFwe
        sklearn.feature_selection._univariate_selection SelectKBest SelectPercentile f_classif f_regression chi2
        sklearn.feature_selection._variance_threshold VarianceThreshold
        sklearn.gaussian_process._gpc GaussianProcessClassifier
        sklearn.gaussian_process._gpr GaussianProcessRegressor
        sklearn.impute._base MissingIndicator SimpleImputer
        sklearn.impute._knn KNNImputer
        sklearn.isotonic IsotonicRegression
        sklearn.kernel_ridge KernelRidge
        sklearn.linear_model._base LinearRegression
        sklearn.linear_model._bayes ARDRegression BayesianRidge
        sklearn.linear_model._coordinate_descent ElasticNet ElasticNetCV Lasso LassoCV
        sklearn.linear_model._glm.glm GammaRegressor PoissonRegressor TweedieRegressor
        sklearn.linear_model._huber HuberRegressor
        sklearn.linear_model._logistic LogisticRegression LogisticRegressionCV
        sklearn.linear_model._passive_aggressive PassiveAggressiveClassifier PassiveAggressiveRegressor
        sklearn.linear_model._perceptron Perceptron
        sklearn.linear_model._ridge Ridge RidgeCV RidgeClassifier RidgeClassifierCV
        sklearn.linear_model._stochastic_gradient SGDClassifier SGDOneClassSVM SGDRegressor
        sklearn.mixture._bayesian_mixture BayesianGaussianMixture
        sklearn.mixture._gaussian_mixture GaussianMixture
        sklearn.model_selection._search GridSearchCV RandomizedSearchCV
        sklearn.model_selection._split KFold StratifiedKFold
        sklearn.multiclass OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier
        sklearn.multioutput ClassifierChain MultiOutputClassifier MultiOutputRegressor RegressorChain
        sklearn.naive_bayes BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB
        sklearn.neighbors._classification KNeighborsClassifier RadiusNeighborsClassifier
        sklearn.neighbors._kd_tree KDTree newObj
        sklearn.neighbors._ball_tree BallTree newObj
        sklearn.neighbors._lof LocalOutlierFactor
        sklearn.neighbors._nearest_centroid NearestCentroid
        sklearn.neighbors._regression KNeighborsRegressor RadiusNeighborsRegressor
        sklearn.neighbors._unsupervised NearestNeighbors
        sklearn.neural_network._multilayer_perceptron MLPClassifier MLPRegressor
        sklearn.neural_network._stochastic_optimizers AdamOptimizer SGDOptimizer
        sklearn.pipeline FeatureUnion Pipeline
        sklearn.preprocessing._data Binarizer KernelCenterer MaxAbsScaler MinMaxScaler Normalizer PowerTransformer
        sklearn.preprocessing._data QuantileTransformer RobustScaler StandardScaler
        sklearn.preprocessing._discretization KBinsDiscretizer
        sklearn.preprocessing._encoders OneHotEncoder OrdinalEncoder
        sklearn.preprocessing._function_transformer FunctionTransformer
        sklearn.preprocessing._label LabelBinarizer LabelEncoder MultiLabelBinarizer
        sklearn.preprocessing._polynomial PolynomialFeatures SplineTransformer
        sklearn.preprocessing._target_encoder TargetEncoder
        sklearn.svm._classes LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR
        sklearn.tree._classes DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor
        sklearn.tree._tree Tree
        sklearn.utils Bunch
        sklearn.utils._bunch Bunch
        sklearn._loss._loss CyHalfBinomialLoss CyHalfSquaredError CyHalfMultinomialLoss
        sklearn._loss.loss HalfBinomialLoss HalfSquaredError HalfMultinomialLoss
        sklearn._loss.link LogitLink IdentityLink MultinomialLogit Interval
        """
    )
)

# Known to lead to running code, reading or writing files, or reaching the network. Everything below a module counts.
# This list makes nothing safe that is not on it: it says only which unknown names are the gravest.
_DANGEROUS = frozenset(
    [
        "__builtin__",
        "__main__",
        "_io",
        "_pickle",
        "_posixsubprocess",
        "_thread",
        "aiohttp",
        "ast",
        "asyncio",
        "asyncore",
        "atexit",
        "bdb",
        "builtins",
        "bz2",
        "cProfile",
        "cffi",
        "cgitb",
        "cloudpickle",
        "cmd",
        "code",
        "codecs",
        "codeop",
        "commands",
        "compileall",
        "concurrent",
        "configparser",
        "copyreg",
        "ctypes",
        "dill",
        "distutils",
        "doctest",
        "ensurepip",
        "fileinput",
        "fsspec",
        "ftplib",
        "functools",
        "gc",
        "gzip",
        "http",
        "httplib",
        "httpx",
        "huggingface_hub",
        "idlelib",
        "imaplib",
        "imp",
        "importlib",
        "inspect",
        "io",
        "ipykernel",
        "IPython",
        "itertools",
        "jinja2",
        "joblib",
        "lib2to3",
        "linecache",
        "logging",
        "lzma",
        "mailcap",
        "marshal",
        "mmap",
        "modulefinder",
        "multiprocessing",
        "netrc",
        "nntplib",
        "nt",
        "ntpath",
        "nturl2path",
        "numexpr",
        "numpy.ctypeslib",
        "numpy.distutils",
        "numpy.f2py",
        "numpy.lib",
        "numpy.load",
        "numpy.testing",
        "operator",
        "_operator",
        "os",
        "_osx_support",
        "paramiko",
        "pathlib",
        "pdb",
        "pickle",
        "pickletools",
        "pip",
        "pipes",
        "pkg_resources",
        "pkgutil",
        "platform",
        "poplib",
        "popen2",
        "posix",
        "posixpath",
        "profile",
        "pstats",
        "psutil",
        "pty",
        "pudb",
        "py_compile",
        "pydoc",
        "pyximport",
        "readline",
        "requests",
        "resource",
        "rlcompleter",
        "runpy",
        "sched",
        "select",
        "selectors",
        "setuptools",
        "shelve",
        "shlex",
        "shutil",
        "signal",
        "site",
        "smtplib",
        "socket",
        "socketserver",
        "sqlite3",
        "ssl",
        "subprocess",
        "sys",
        "sysconfig",
        "tarfile",
        "telnetlib",
        "tempfile",
        "tensorflow",
        "test",
        "threading",
        "timeit",
        "tkinter",
        "torch._dynamo",
        "torch._inductor",
        "torch.compile",
        "torch.distributed",
        "torch.fx",
        "torch.hub",
        "torch.jit",
        "torch.load",
        "torch.multiprocessing",
        "torch.package",
        "torch.serialization",
        "torch.storage",
        "torch.utils",
        "torchvision.datasets",
        "trace",
        "traceback",
        "transformers",
        "turtle",
        "types",
        "typing",
        "unittest",
        "urllib",
        "urllib2",
        "urllib3",
        "uuid",
        "venv",
        "weakref",
        "webbrowser",
        "wsgiref",
        "xml",
        "xmlrpc",
        "yaml",
        "zipapp",
        "zipfile",
        "zipimport",
        "pandas.core.computation",
        "pandas.io",
        "pandas.eval",
        "pandas.read_pickle",
        "numpy.core.multiarray",
        "numpy._core.multiarray",
    ]
)

_BUILTINS, _DECODERS = ("builtins", "__builtin__"), ("bytes", "bytearray", "str", "unicode")
_ARRAYS = ("numpy", "numpy.ma", "numpy.ma.core")
_ENCODINGS = (b"latin1", b"latin-1", b"utf-8", b"utf8", b"ascii")


def judge(module: str, name: str, protocol: int) -> str:
    """What importing a name means: allowed, library, unknown or dangerous."""
    key = (module, name)
    if protocol < 3:
        # The unpickler reads old streams with the names of Python 2 turned into those of Python 3.
        if key in _compat_pickle.NAME_MAPPING:
            key = _compat_pickle.NAME_MAPPING[key]
        elif module in _compat_pickle.IMPORT_MAPPING:
            key = (_compat_pickle.IMPORT_MAPPING[module], name)
    if key in _ALLOWED:
        return ALLOWED
    if key in _LIBRARY:
        return LIBRARY
    return DANGEROUS if _is_dangerous(*key) or _is_dangerous(module, name) else UNKNOWN


def _is_dangerous(module: str, name: str) -> bool:
    # A dotted name walks through attributes: `sklearn` `utils.os.system` imports the system's shell.
    parts = [*module.split("."), name.split(".", 1)[0]]
    if any(part in _DANGEROUS for part in name.split(".")[:-1]):
        return True
    return any(".".join(parts[:length]) in _DANGEROUS for length in range(1, min(len(parts), 8) + 1))


def arguments_fit(what: Global, args: Any) -> bool:
    """Whether an allowed name is called with what it is allowed for."""
    if what.key == ("_codecs", "encode") or (what.module in _BUILTINS and what.name in _DECODERS):
        # Any other codec is a module that is looked up by its name.
        return type(args) is tuple and (len(args) < 2 or (len(args) == 2 and args[1] in _ENCODINGS))
    if what.name == "_reconstructor":  # calls a class with a value of the stream's
        return type(args) is tuple and not any(type(one) is Global and one.module in _ARRAYS for one in args)
    # Its classes are made without a call. Given an object that claims to be an array, they read wherever that points.
    if what.module.startswith("scipy."):
        return bool(args == ())
    return what.module not in _ARRAYS or what.name in ("dtype", "_mareconstruct")
